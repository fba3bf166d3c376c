import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { HOTP, Secret, TOTP } from 'otpauth';
import { Clock } from '../common/clock.js';
import { openSecret, sealSecret } from '../common/secret-box.js';
import { deriveKey } from '../config/app-key.js';
import { AppConfig } from '../config/app-config.js';

/** 160 bits (RFC 4226, section 4). */
const SECRET_BYTES = 20;
const STEP_SECONDS = 30;
/** For a code that was typed late, and for clocks that differ (RFC 6238, section 5.2). */
const STEPS = [0, -1, 1];
/** SHA-1 and six digits, because that is what every authenticator app knows. */
const PARAMETERS = { algorithm: 'SHA1', digits: 6 } as const;

/** Time-based one-time passwords (RFC 6238), and how their secrets are kept. */
@Injectable()
export class TotpCodes {
  private readonly logger = new Logger(TotpCodes.name);
  private readonly key: Buffer;

  constructor(
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {
    this.key = deriveKey(config, 'totp-secrets');
  }

  newSecret(): Buffer {
    return randomBytes(SECRET_BYTES);
  }

  /** Encrypts a secret for its owner's row: in somebody else's it does not open (MFA-16). */
  seal(userId: string, secret: Buffer): Buffer {
    return sealSecret(this.key, secret, placeOf(userId));
  }

  /** Null when it was not sealed for this person, or with another `APP_KEY`: then no code fits it. */
  open(userId: string, sealed: Buffer): Buffer | null {
    try {
      return openSecret(this.key, sealed, placeOf(userId));
    } catch (error) {
      this.logger.error(`The TOTP secret of user ${userId} cannot be read: ${String(error)}`);
      return null;
    }
  }

  /** The step, of those around now, whose code this is, newer than `after`; null when there is none. */
  stepOf(secret: Buffer, code: string, after = 0): number | null {
    const now = Math.floor(this.clock.nowMs() / 1000 / STEP_SECONDS);
    const steps = STEPS.map((offset) => now + offset).filter((step) => step > after);
    return steps.find((step) => isEqual(codeAt(secret, step), code)) ?? null;
  }

  /** What an authenticator app reads, typed or as a QR code: the secret in base32, and the key URI. */
  describe(secret: Buffer, label: string): { secret: string; otpauthUri: string } {
    const issuer = new URL(this.config.links.appUrl).host;
    const totp = new TOTP({ ...PARAMETERS, period: STEP_SECONDS, issuer, label, secret: asSecret(secret) });
    return { secret: totp.secret.base32, otpauthUri: totp.toString() };
  }
}

function codeAt(secret: Buffer, step: number): string {
  return HOTP.generate({ ...PARAMETERS, secret: asSecret(secret), counter: step });
}

/** A copy: small buffers share their memory with others. */
function asSecret(secret: Buffer): Secret {
  return new Secret({ buffer: Uint8Array.from(secret).buffer });
}

function isEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function placeOf(userId: string): string {
  return `totp_secrets.secret:${userId}`;
}
