import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { TestApp } from '../app.js';
import { enrol } from '../authenticator.js';
import { type Answer, Client, PASSWORD, someEmail } from '../client.js';
import { eventually } from '../eventually.js';
import { type Person, registerVerified } from '../people.js';
import { SoftwareAuthenticator } from '../software-authenticator.js';
import { readOperations } from './operations.js';

interface Tokens {
  token: string;
  refreshToken: string;
}

export interface RichAccount {
  id: string;
  email: string;
  username: string;
  live: Tokens;
  /** Of a session that was signed out. */
  ended: Tokens;
  /** What only the owner knows. */
  secrets: string[];
}

/** Somebody with everything that an account can have, as far as this service has it. */
export async function createRichAccount(target: TestApp): Promise<RichAccount> {
  const client = new Client(target);
  const { id, email, token, refreshToken } = await registerVerified(target);
  const [username, password] = [randomUUID(), `secret ${randomUUID()}`];
  const change = { currentPassword: PASSWORD, newPassword: password };
  await ok(client.post('/api/user/password', change, { token }));
  const { nextProof, recoveryCodes } = await addFactors(target, { id, email, token, refreshToken });
  const names = { username, firstName: `First ${randomUUID()}`, lastName: `Last ${randomUUID()}` };
  await ok(client.patch('/api/user', names, { token }));
  const changed = await changeAddress(target, token, password);
  const signIn = async (): Promise<Tokens> => (await ok(client.login(username, password, nextProof()))).body;
  const [live, ended] = [await signIn(), await signIn()];
  await ok(client.post('/api/auth/logout', undefined, { token: ended.token }));
  const secrets = [password, token, refreshToken, live.token, live.refreshToken, ...recoveryCodes];
  return { id, email: changed, username, live, ended, secrets };
}

/** @throws when it was refused */
export async function ok(request: Promise<Answer>): Promise<Answer> {
  const answer = await request;
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return answer;
}

interface Factors {
  /** What signs in beside the password. */
  nextProof: () => object;
  recoveryCodes: string[];
}

async function addFactors(target: TestApp, person: Person): Promise<Factors> {
  const offered = new Set(readOperations().map(({ title }) => title));
  const recoveryCodes: string[] = [];
  let nextProof = (): object => ({ recoveryCode: recoveryCodes.pop() });
  if (offered.has('POST /api/user/two-factor')) {
    const enrolled = await enrol(target, person);
    recoveryCodes.push(...enrolled.recoveryCodes);
    nextProof = () => ({ code: enrolled.authenticator.next() });
  }
  if (offered.has('POST /api/user/passkeys')) {
    recoveryCodes.push(...(await addPasskey(new Client(target), person.token)));
  }
  return { nextProof, recoveryCodes };
}

/** @returns recovery codes, if it is the first second factor */
async function addPasskey(client: Client, token: string): Promise<string[]> {
  const { body } = await ok(client.post('/api/user/passkeys/options', undefined, { token }));
  const passkey = new SoftwareAuthenticator({ origin: 'http://localhost:3000' }).create(body.options);
  const added = await ok(
    client.post('/api/user/passkeys', { passkey, name: `Key ${randomUUID()}` }, { token }),
  );
  return added.body.recoveryCodes ?? [];
}

/** Leaves the link that undoes it, and the link to a further address. */
async function changeAddress(target: TestApp, token: string, password: string): Promise<string> {
  const client = new Client(target);
  const [email, pending] = [someEmail('changed'), someEmail('pending')];
  await ok(client.post('/api/user/email', { email, password }, { token }));
  await ok(client.post('/api/auth/email/verify', { token: await linkTo(target, email) }));
  await ok(client.post('/api/user/email', { email: pending, password }, { token }));
  await linkTo(target, pending);
  return email;
}

/** `Mailbox.newest` is for inside of tests. */
function linkTo({ mailbox }: TestApp, address: string): Promise<string> {
  const look = async (): Promise<string> => {
    const [mail] = await mailbox.all(address);
    return mail?.token ?? Promise.reject(new Error(`no mail to ${address}`));
  };
  return eventually(look);
}
