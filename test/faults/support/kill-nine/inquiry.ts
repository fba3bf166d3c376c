import { expect } from 'vitest';
import * as deeds from './deeds.js';
import type { Person } from './person.js';

/** As many of what is dead are tried again: the newest. */
const TRIED = 2;

/** Looks through the service's own door whether everything is true that was acknowledged to somebody. */
export async function inquire(person: Person): Promise<void> {
  if (!person.registered) return;
  await inquireSessions(person);
  await inquirePassword(person);
  await inquireFactor(person);
  for (const { path, token } of person.spentLinks.slice(-TRIED)) {
    const body = path.includes('reset') ? { token, password: 'another horse battery' } : { token };
    await person.expectRefused('a spent link', 'link_invalid', () => person.client.post(path, body));
  }
}

async function inquireSessions(person: Person): Promise<void> {
  const { client } = person;
  for (const session of person.sessions) {
    await person.mustDo(deeds.refresh(person, session));
    // The first may have brought what was rotated before the kill; right after a rotation a spent one ends nothing.
    await person.mustDo(deeds.refresh(person, session));
    // The token before the newest gets the newest again, for clients whose answer was lost.
    const spent = session.spent.at(-2);
    if (spent === undefined) continue;
    await person.expectRefused('a spent refresh token', 'refresh_token_reused', () =>
      client.post('/api/auth/refresh', { refreshToken: spent }),
    );
    const read = await client.get('/api/user', session.token);
    if (!read.is(200)) person.fail('reading the account', String(read));
  }
  for (const refreshToken of person.ended.slice(-TRIED)) {
    await person.expectRefused('the refresh token of an ended session', 'session_revoked', () =>
      client.post('/api/auth/refresh', { refreshToken }),
    );
  }
}

async function inquirePassword(person: Person): Promise<void> {
  const { client, email: login, formerPassword } = person;
  await person.mustDo(deeds.signIn(person));
  if (formerPassword === undefined) return;
  await person.expectRefused('the former password', 'invalid_credentials', () =>
    client.post('/api/auth/login', { login, password: formerPassword }),
  );
}

/** Signing in has brought a challenge, or the factor is not on. */
async function inquireFactor(person: Person): Promise<void> {
  const { client, pocket, challenge: id, spentChallenge } = person;
  const [session] = person.sessions;
  if (session) {
    const { body } = await client.get('/api/user/two-factor', session.token);
    const left = pocket ? (pocket.recoveryCodes?.length ?? body.recoveryCodesLeft) : 0;
    expect(body, person.email).toMatchObject({ enabled: pocket !== undefined, recoveryCodesLeft: left });
  }
  for (const recoveryCode of pocket?.deadCodes.slice(-TRIED) ?? []) {
    await person.expectRefused('a used recovery code', 'code_invalid', () =>
      client.post('/api/auth/challenge', { id, recoveryCode }),
    );
  }
  if (spentChallenge === undefined || !pocket) return;
  const [recoveryCode = 'none'] = pocket.recoveryCodes ?? [];
  await person.expectRefused('a spent challenge', 'challenge_invalid', () =>
    client.post('/api/auth/challenge', { id: spentChallenge, recoveryCode }),
  );
}
