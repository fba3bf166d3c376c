import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { SessionsService, type UserSession } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { InvalidCredentials, UserBanned } from './auth.errors.js';
import { type TokenBundle, TokenBundles } from './token-bundle.js';

export interface Credentials {
  /** Address or username, as `LOGIN_ATTRIBUTE` allows. */
  login: string;
  password: string;
  remember?: boolean;
}

/** What a hook gets before the password is looked at (`session.opening`, parity SS-15). */
export interface Opening {
  readonly credentials: Credentials;
  /** Set by a hook that knows the person otherwise, e.g. from a legacy store: their password is not asked here. */
  user?: Pick<User, 'id'>;
}

/** It passes by returning, and refuses by throwing. */
export type OpeningHook = (opening: Opening) => Promise<void> | void;

/** Somebody who has proven themself; by a hook where there is no `hash`. */
interface Proven {
  user: User;
  hash: string | null;
}

/** A sign-in under way, by somebody who gave the right password. */
export interface SignInAttempt {
  readonly user: User;
  readonly credentials: Credentials;
  /** What proved the person so far, as `amr` values (RFC 8176); steps add theirs. */
  readonly methods: string[];
}

/** A step between the password and the session. It passes by returning, and refuses by throwing. */
export interface SignInStep {
  readonly name: string;
  run(attempt: SignInAttempt): Promise<void> | void;
}

/**
 * Signing in is a list of named steps: the password, what other modules contribute, and the admission, which
 * comes last so that nobody learns of a ban without having proven themself (parity SS-04).
 */
@Injectable()
export class SignInService {
  private readonly hooks: OpeningHook[] = [];
  private readonly contributed: SignInStep[] = [];
  private readonly admission: SignInStep = {
    name: 'admission',
    run: ({ user }) => {
      if (user.bannedAt !== null) throw new UserBanned();
    },
  };

  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly bundles: TokenBundles,
    private readonly database: Database,
  ) {}

  /** Lets a host application look at every sign-in first, once; call it from `onModuleInit`. */
  onOpening(hook: OpeningHook): void {
    this.hooks.push(hook);
  }

  /** Adds a step after those that are there, e.g. a second factor; call it from `onModuleInit`. */
  contribute(step: SignInStep): void {
    this.contributed.push(step);
  }

  /** Signs in and opens a session. @throws InvalidCredentials, UserBanned, Overloaded, or what a step throws */
  async signIn(credentials: Credentials): Promise<TokenBundle> {
    const supplied = await this.askHooks(credentials);
    const proven = supplied ? await this.trust(supplied.id) : await this.prove(credentials);
    if (!proven) throw new InvalidCredentials();
    const attempt: SignInAttempt = { user: proven.user, credentials, methods: ['pwd'] };
    for (const step of [...this.contributed, this.admission]) await step.run(attempt);
    return this.bundles.issue(await this.open(attempt, proven.hash));
  }

  /**
   * The user with this login and password, without signing in. Null otherwise: unknown, deleted and
   * passwordless people cost and answer the same (parity SS-02).
   */
  async validate(credentials: Credentials): Promise<User | null> {
    return (await this.prove(credentials))?.user ?? null;
  }

  private async askHooks(credentials: Credentials): Promise<Opening['user']> {
    const opening: Opening = { credentials };
    for (const hook of this.hooks) await hook(opening);
    return opening.user;
  }

  private async trust(userId: string): Promise<Proven | null> {
    const user = await this.users.findById(userId);
    return user && { user, hash: null };
  }

  private async prove({ login, password }: Credentials): Promise<Proven | null> {
    const user = await this.users.findByLogin(login);
    const hash = await this.passwords.match(user?.id ?? null, password);
    return user && hash !== null ? { user, hash } : null;
  }

  /** The password may have been changed, and the user banned or deleted, since it was checked. */
  private async open(
    { user, credentials, methods }: SignInAttempt,
    hash: string | null,
  ): Promise<UserSession> {
    const opening = { userId: user.id, methods, remember: credentials.remember ?? false };
    return this.database.transaction(async (manager) => {
      const same = hash === null || (await this.passwords.isStill(user.id, hash, manager));
      const opened = same && (await this.sessions.signIn(opening, manager));
      if (!opened) throw new InvalidCredentials();
      return opened;
    });
  }
}
