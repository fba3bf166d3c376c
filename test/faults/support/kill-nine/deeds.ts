import type { Letter } from './letter-box.js';
import type { Deed, Person } from './person.js';
import { Pocket } from './pocket.js';

const VERIFY = '/api/auth/email/verify';
const RESET = '/api/auth/password/reset';
const TWO_FACTOR = '/api/user/two-factor';

export function register(person: Person): Deed {
  const { client, email, password } = person;
  return {
    what: 'register',
    events: ['user.registered', 'session.opened'],
    expects: 201,
    send: () => client.post('/api/auth/register', { email, password }),
    take: (body) => {
      person.registered = true;
      person.hold(body);
    },
  };
}

/** A bundle, or, where a factor is on, a challenge. */
export function signIn(person: Person): Deed {
  const { client, email: login, password } = person;
  return {
    what: 'sign in',
    events: person.pocket ? [] : ['session.opened'],
    expects: 200,
    send: () => client.post('/api/auth/login', { login, password }),
    take: (body) => {
      if (body && person.pocket && !body.challenge)
        person.fail('sign in', 'no challenge, though a factor is on');
      if (body && !person.pocket && body.challenge)
        person.fail('sign in', 'a challenge, though no factor is on');
      if (person.pocket) person.challenge = body?.challenge.id as string | undefined;
      else person.hold(body);
    },
  };
}

export function signOut(person: Person): Deed {
  const [session] = person.sessions;
  return {
    what: 'sign out',
    events: ['session.closed'],
    expects: 204,
    send: () => person.client.post('/api/auth/logout', undefined, session?.token),
    take: () => {
      person.sessions = person.sessions.filter((other) => other !== session);
      if (session) person.ended.push(session.refreshToken);
    },
  };
}

export function refresh(person: Person, session: Person['sessions'][number]): Deed {
  const { refreshToken } = session;
  return {
    what: 'refresh',
    events: [],
    expects: 200,
    send: () => person.client.post('/api/auth/refresh', { refreshToken }),
    take: (body) => {
      if (!body) return;
      session.spent.push(refreshToken);
      session.token = body.token;
      session.refreshToken = body.refreshToken;
    },
  };
}

export function changePassword(person: Person, newPassword: string): Deed {
  const [session] = person.sessions;
  const { password: currentPassword } = person;
  return {
    what: 'change the password',
    events: ['password.changed'],
    expects: 204,
    send: () => person.client.post('/api/user/password', { currentPassword, newPassword }, session?.token),
    take: () => person.setPassword(newPassword, session),
  };
}

export function askForReset(person: Person): Deed {
  person.resetAsked = 'perhaps';
  return {
    what: 'ask for a reset',
    events: [],
    expects: 202,
    send: () => person.client.post('/api/auth/password/forgot', { email: person.email }),
    take: (body) => {
      if (body) person.resetAsked = 'yes';
    },
  };
}

export function reset(person: Person, { token }: Letter, password: string): Deed {
  return {
    what: 'reset the password',
    events: person.verified ? ['password.reset'] : ['password.reset', 'user.verified'],
    expects: 204,
    token,
    send: () => person.client.post(RESET, { token, password }),
    take: () => {
      person.setPassword(password);
      person.verified = true;
      person.spentLinks.push({ path: RESET, token });
    },
  };
}

export function verify(person: Person, { token }: Letter): Deed {
  return {
    what: 'verify the address',
    events: ['user.verified'],
    expects: 204,
    token,
    send: () => person.client.post(VERIFY, { token }),
    take: () => {
      person.verified = true;
      person.spentLinks.push({ path: VERIFY, token });
    },
  };
}

export function startFactor(person: Person): Deed {
  const [session] = person.sessions;
  return {
    what: 'start a factor',
    events: ['twofactor.started'],
    expects: 201,
    send: () => person.client.post(TWO_FACTOR, {}, session?.token),
    take: (body) => {
      person.pending = body ? new Pocket(body.secret) : undefined;
    },
  };
}

export function confirmFactor(person: Person, pending: Pocket): Deed {
  const [session] = person.sessions;
  const code = pending.code();
  return {
    what: 'turn the factor on',
    events: ['twofactor.enabled'],
    expects: 200,
    send: () => person.client.post(`${TWO_FACTOR}/confirm`, { code }, session?.token),
    take: (body) => {
      pending.replace(body?.recoveryCodes ?? null);
      person.pocket = pending;
      person.pending = undefined;
      person.challenge = undefined;
      person.endSessions(session);
    },
  };
}

type Proof = { code: string } | { recoveryCode: string };

export function answerChallenge(person: Person, pocket: Pocket, id: string, proof: Proof): Deed {
  const isRecovery = 'recoveryCode' in proof;
  return {
    what: isRecovery ? 'answer with a recovery code' : 'answer with a code',
    events: isRecovery ? ['session.opened', 'twofactor.recovery.used'] : ['session.opened'],
    expects: 200,
    send: () => person.client.post('/api/auth/challenge', { id, ...proof }),
    take: (body) => {
      person.spentChallenge = id;
      person.challenge = undefined;
      if (isRecovery) pocket.strike(proof.recoveryCode);
      person.hold(body);
    },
  };
}

export function replaceCodes(person: Person, pocket: Pocket): Deed {
  const [session] = person.sessions;
  return {
    what: 'get new recovery codes',
    events: ['twofactor.recovery.regenerated'],
    expects: 200,
    send: () => person.client.post(`${TWO_FACTOR}/recovery-codes`, {}, session?.token),
    take: (body) => pocket.replace(body?.recoveryCodes ?? null),
  };
}

export function turnOff(person: Person, proof: Proof): Deed {
  const [session] = person.sessions;
  const isRecovery = 'recoveryCode' in proof;
  return {
    what: 'turn the factor off',
    events: isRecovery ? ['twofactor.recovery.used', 'twofactor.disabled'] : ['twofactor.disabled'],
    expects: 204,
    send: () => person.client.request('DELETE', TWO_FACTOR, { body: proof, token: session?.token }),
    take: () => {
      person.pocket = undefined;
      person.challenge = undefined;
      person.endSessions(session);
    },
  };
}
