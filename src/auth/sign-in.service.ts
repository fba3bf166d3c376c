import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { SessionsService, type UserSession } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { InvalidCredentials, UserBanned } from './auth.errors.js';
import { Challenge } from './challenge.js';
import { beginAttempt, type SecondProof, type SignInAttempt, type SignInStep } from './sign-in-attempt.js';
import { SignInRefusals } from './sign-in-refusals.js';
import { targetOf } from './sign-in-target.js';
import { SignInTries } from './sign-in-tries.js';
import { type TokenBundle, TokenBundles, type Transport } from './token-bundle.js';

export interface Credentials extends SecondProof {
  /** Address or username, as `LOGIN_ATTRIBUTE` allows. */
  login: string;
  password: string;
  remember?: boolean;
  /** Kept for whoever answers a challenge. */
  transport?: Transport;
}

/** What a hook gets before the password is looked at (`session.opening`, parity SS-15). */
export interface Opening {
  /** Without login and password where somebody signs in by something else. */
  readonly credentials: Partial<Credentials>;
  /**
   * Set by a hook that knows the person otherwise, e.g. from a legacy store: their password is not asked here. Whoever
   * signs in without one has been proven before, and stays who they are.
   */
  user?: Pick<User, 'id'>;
}

/** It passes by returning, and refuses by throwing. */
export type OpeningHook = (opening: Opening) => Promise<void> | void;

/** Somebody who has proven themself; by a hook where there is no mark of a password. */
interface Proven {
  user: User;
  passwordMark: Buffer | null;
}

/**
 * Signing in is a list of named steps: the password, what other modules contribute, and the admission, which
 * comes last so that nobody learns of a ban without having proven themself (parity SS-04).
 */
@Injectable()
export class SignInService {
  private readonly hooks: OpeningHook[] = [];
  private readonly steps: SignInStep[] = [];

  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly bundles: TokenBundles,
    private readonly database: Database,
    private readonly tries: SignInTries,
    private readonly refusals: SignInRefusals,
  ) {}

  /** Lets a host application look at every sign-in first, once; call it from `onModuleInit`. */
  onOpening(hook: OpeningHook): void {
    this.hooks.push(hook);
  }

  /** Adds a step after those that are there, e.g. a second factor; call it from `onModuleInit`. */
  contribute(step: SignInStep): void {
    this.steps.push(step);
  }

  /**
   * Signs in and opens a session, unless one more proof is due.
   * @throws InvalidCredentials, BudgetSpent, AccountLocked, UserBanned, Overloaded, or what a step throws
   */
  async signIn(credentials: Credentials): Promise<TokenBundle | Challenge> {
    const proven = await this.tries.count(credentials.login, async (user) => {
      const supplied = await this.askHooks({ credentials });
      return supplied ? this.trust(supplied.id) : this.prove(user, credentials.password);
    });
    if (!proven) throw new InvalidCredentials();
    const { remember = false, transport = 'body', code, recoveryCode } = credentials;
    const { user, passwordMark } = proven;
    const given = { methods: ['pwd'], proof: { code, recoveryCode }, remember, transport, passwordMark };
    return this.proceed(beginAttempt(user, given));
  }

  /** Signs in somebody who has proven themself without a password. @throws what a hook throws, or as `signIn` */
  async signInProven(attempt: SignInAttempt): Promise<TokenBundle | Challenge> {
    return this.telling(attempt, async () => {
      const { user, proof, remember, transport } = attempt;
      await this.askHooks({ credentials: { ...proof, remember, transport }, user });
      return this.takeSteps(attempt);
    });
  }

  /** Takes the steps that are left, then the session is opened. @throws as `signIn` */
  async proceed(attempt: SignInAttempt): Promise<TokenBundle | Challenge> {
    return this.telling(attempt, () => this.takeSteps(attempt));
  }

  /**
   * The user with this login and password, without signing in. Null otherwise: unknown, deleted and
   * passwordless people cost and answer the same (parity SS-02). @throws BudgetSpent, AccountLocked
   */
  async validate({ login, password }: Credentials): Promise<User | null> {
    return (await this.tries.count(login, (user) => this.prove(user, password)))?.user ?? null;
  }

  private async takeSteps(attempt: SignInAttempt): Promise<TokenBundle | Challenge> {
    for (const step of this.steps.filter(({ name }) => !attempt.passed.includes(name))) {
      const challenge = await step.run(attempt);
      if (challenge) return challenge;
      attempt.passed.push(step.name);
    }
    return this.bundles.issue(await this.open(attempt));
  }

  /** What goes wrong from now on is told as a refusal of this person. */
  private async telling<T>({ user }: SignInAttempt, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.refusals.tell(targetOf(user), error);
      throw error;
    }
  }

  private async askHooks(opening: Opening): Promise<Opening['user']> {
    for (const hook of this.hooks) await hook(opening);
    return opening.user;
  }

  private async trust(userId: string): Promise<Proven | null> {
    const user = await this.users.findById(userId);
    return user && { user, passwordMark: null };
  }

  private async prove(user: User | null, password: string): Promise<Proven | null> {
    const passwordMark = await this.passwords.match(user?.id ?? null, password);
    return user && passwordMark && { user, passwordMark };
  }

  private async open(attempt: SignInAttempt): Promise<UserSession> {
    try {
      return await this.database.transaction((manager) => this.openWithin(manager, attempt));
    } catch (error) {
      for (const part of attempt.opening) await part.refused?.(error);
      throw error;
    }
  }

  /** The password may have been changed, and the user banned or deleted, since it was checked. */
  private async openWithin(manager: EntityManager, attempt: SignInAttempt): Promise<UserSession> {
    const { user, remember, passwordMark, opening } = attempt;
    await this.hold(user.id, passwordMark, manager);
    // The transaction may run twice, and what is before the session adds to the methods.
    const methods = new Set(attempt.methods);
    for (const part of opening) (await part.before?.(manager))?.forEach((method) => methods.add(method));
    if (user.bannedAt !== null) throw new UserBanned();
    const session = { userId: user.id, methods: [...methods], remember };
    const opened = await this.sessions.signIn(session, manager);
    if (!opened) throw new InvalidCredentials();
    for (const part of opening) part.after?.(opened);
    return opened;
  }

  /** Locks the person before what is used up. @throws InvalidCredentials when their password is another one now */
  private async hold(userId: string, mark: Buffer | null, manager: EntityManager): Promise<void> {
    if (mark === null) await this.users.lock(userId, manager);
    else if (!(await this.passwords.isStill(userId, mark, manager))) throw new InvalidCredentials();
  }
}
