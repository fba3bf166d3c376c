import { Secret, TOTP } from 'otpauth';
import type { TestApp } from './app.js';
import { Client } from './client.js';
import { type Person, registerVerified } from './people.js';

/** An authenticator app as people have it: it knows the secret, and the time of its phone. */
export class Authenticator {
  private readonly totp: TOTP;
  private readonly clock: Pick<TestApp['clock'], 'nowMs' | 'advanceSeconds'>;

  constructor(app: Pick<TestApp, 'clock'>, secret: string) {
    this.clock = app.clock;
    this.totp = new TOTP({ secret: Secret.fromBase32(secret) });
  }

  /** The code that is shown `steps` of 30 s from now. */
  code(steps = 0): string {
    return this.totp.generate({ timestamp: this.clock.nowMs() + steps * 30_000 });
  }

  /** Six digits that are none of the codes around now. */
  wrongCode(): string {
    const right = [-2, -1, 0, 1, 2].map((steps) => this.code(steps));
    for (let number = 0; ; number += 1) {
      const code = String(number).padStart(6, '0');
      if (!right.includes(code)) return code;
    }
  }

  /** Waits for the next code, as each counts once. */
  next(): string {
    this.clock.advanceSeconds(30);
    return this.code();
  }
}

/** The tokens are of the session that turned it on. */
export interface Enrolled extends Person {
  authenticator: Authenticator;
  recoveryCodes: string[];
}

/** Turns an authenticator app on, as a frontend does. */
export async function enrol(app: TestApp, person?: Person): Promise<Enrolled> {
  const client = new Client(app);
  const { id, email, token, refreshToken } = person ?? (await registerVerified(app));
  const started = await client.post('/api/user/two-factor', {}, { token });
  const authenticator = new Authenticator(app, started.body.secret);
  const code = authenticator.next();
  const confirmed = await client.post('/api/user/two-factor/confirm', { code }, { token });
  if (confirmed.status !== 200) throw new Error(`Enrolling failed: ${JSON.stringify(confirmed.body)}`);
  return { id, email, token, refreshToken, authenticator, recoveryCodes: confirmed.body.recoveryCodes };
}
