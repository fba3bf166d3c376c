import { Secret, TOTP } from 'otpauth';

const STEP_MS = 30_000;

/** An authenticator app, and the printed recovery codes beside it. */
export class Pocket {
  /** What is left of them; unknown when nobody saw the answer that held them. */
  recoveryCodes: string[] | null = null;
  /** Used or replaced. */
  readonly deadCodes: string[] = [];
  private readonly totp: TOTP;
  private lastStep = 0;

  constructor(secret: string) {
    this.totp = new TOTP({ secret: Secret.fromBase32(secret) });
  }

  /** Whether there is a code that has not been shown yet: the one after counts already. */
  get hasCode(): boolean {
    return this.lastStep <= currentStep();
  }

  code(): string {
    this.lastStep = Math.max(currentStep(), this.lastStep + 1);
    return this.totp.generate({ timestamp: this.lastStep * STEP_MS });
  }

  strike(code: string): void {
    this.recoveryCodes = this.recoveryCodes?.filter((left) => left !== code) ?? null;
    this.deadCodes.push(code);
  }

  /** @param codes null when nobody saw them */
  replace(codes: string[] | null): void {
    this.deadCodes.push(...(this.recoveryCodes ?? []));
    this.recoveryCodes = codes;
  }
}

function currentStep(): number {
  return Math.floor(Date.now() / STEP_MS);
}
