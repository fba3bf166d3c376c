import type { TestApp } from './app.js';
import { Client, PASSWORD, someEmail } from './client.js';

export interface Person {
  id: string;
  email: string;
  token: string;
  refreshToken: string;
}

/** Somebody whose address is proven. */
export async function registerVerified(app: TestApp): Promise<Person> {
  const email = someEmail();
  const { user, token, refreshToken } = await new Client(app).register({ email });
  await app.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [user.id]);
  await app.catchUp();
  return { id: user.id, email, token, refreshToken };
}

/** Gives the password of somebody who has a second factor. @returns the id of the challenge */
export async function beginSignIn(app: TestApp, email: string, fields: object = {}): Promise<string> {
  const { body } = await new Client(app).login(email, PASSWORD, fields);
  if (!body.challenge) throw new Error(`No challenge: ${JSON.stringify(body)}`);
  return body.challenge.id;
}
