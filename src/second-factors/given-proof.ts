import type { SecondProof } from '../auth/sign-in-attempt.js';
import { ValidationFailed } from '../common/common.errors.js';

/** Whether anything is shown for a second factor. */
export function isGiven(proof: SecondProof): boolean {
  return Object.values(proof).some((value) => value !== undefined);
}

/** @throws ValidationFailed when nothing is shown */
export function assertGiven(proof: SecondProof): void {
  if (!isGiven(proof)) throw new ValidationFailed([CODE_MISSING]);
}

const CODE_MISSING = {
  field: 'code',
  code: 'missing',
  message: 'Send a code, a recovery code or a passkey.',
};
