import type { EntityManager } from 'typeorm';
import type { UserSession } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import type { Challenge } from './challenge.js';
import type { Transport } from './token-bundle.js';

/** What may come along with a password, or later in answer to a challenge (parity NX-07). */
export interface SecondProof {
  /** A one-time code of an authenticator app: six digits. */
  readonly code?: string;
  readonly recoveryCode?: string;
  /** What an authenticator made for `navigator.credentials.get`, as JSON (WebAuthn, section 5.1). */
  readonly passkey?: object;
}

/** What a step has to do with the opening of the session. Each refuses by throwing, and then nothing has happened. */
export interface OpeningPart {
  /** In the transaction that opens the session, before it. @returns `amr` values that it proved */
  before?(manager: EntityManager): Promise<string[]>;
  /** In the same transaction, with the session and the user as they are now. */
  after?(opened: UserSession): void;
  /** No session was opened; after the rollback. */
  refused?(error: unknown): Promise<void>;
}

/** A sign-in under way, by somebody who has proven themself in at least one way. */
export interface SignInAttempt {
  readonly user: User;
  /** What proved the person so far, as `amr` values (RFC 8176); steps add theirs. */
  readonly methods: string[];
  readonly proof: SecondProof;
  readonly remember: boolean;
  readonly transport: Transport;
  /** Of the password that was given, see `PasswordsService.match`; null where none was. */
  readonly passwordMark: Buffer | null;
  /** The names of the steps that are behind it; a sign-in that goes on after a challenge does not take them again. */
  readonly passed: string[];
  readonly opening: OpeningPart[];
}

/**
 * A step between the password and the session. It passes by returning nothing, refuses by throwing, and interrupts
 * the sign-in by returning a challenge.
 */
export interface SignInStep {
  readonly name: string;
  run(attempt: SignInAttempt): Promise<Challenge | void> | Challenge | void;
}

/** An attempt at its beginning. */
export function beginAttempt(
  user: User,
  given: Partial<Omit<SignInAttempt, 'user' | 'opening'>>,
): SignInAttempt {
  return {
    methods: [],
    proof: {},
    remember: false,
    transport: 'body',
    passwordMark: null,
    passed: [],
    ...given,
    user,
    opening: [],
  };
}
