import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AccessDenied } from '../guard/guard.errors.js';
import { type TokenBundle, TokenBundles } from '../auth/token-bundle.js';
import { currentContext } from '../common/request-context.js';
import { Database } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { type NewUser, UsersService } from '../users/users.service.js';

export interface Registration {
  email: string;
  password: string;
  username?: string | null;
  firstName?: string | null;
  lastName?: string | null;
}

/** What a hook gets; it may change `registration`, supply `user` instead, or refuse by throwing (parity RG-06). */
export interface Registering {
  registration: Registration;
  /** Somebody who has an account already, e.g. from a legacy store: nothing is made, they are signed in. */
  user?: Pick<User, 'id'>;
}

export type RegistrationHook = (registering: Registering) => Promise<void> | void;

/** Makes accounts. */
@Injectable()
export class RegistrationService {
  private readonly hooks: RegistrationHook[] = [];

  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly events: DomainEvents,
    private readonly bundles: TokenBundles,
    private readonly database: Database,
  ) {}

  /** Lets a host application take part in registering; call it from `onModuleInit`. */
  onRegistering(hook: RegistrationHook): void {
    this.hooks.push(hook);
  }

  /** What the hooks made of a registration. @throws what a hook throws */
  async prepare(registration: Registration): Promise<Registering> {
    const registering: Registering = { registration: { ...registration } };
    for (const hook of this.hooks) await hook(registering);
    return registering;
  }

  /**
   * Registers a person and signs them in: the account, its password and the first session, all or nothing.
   * @param complete further work in the transaction, with the session's id
   * @throws WeakPassword, EmailTaken, UsernameTaken, Overloaded
   */
  async register(
    registration: Registration,
    complete: (manager: EntityManager, sessionId: string) => Promise<void> = async () => {},
  ): Promise<TokenBundle> {
    const { registration: prepared, user: supplied } = await this.prepare(registration);
    const hash = await this.passwords.hashNew(prepared.password, prepared, 'password');
    const opened = await this.database.transaction(async (manager) => {
      const { id } = supplied ?? (await this.create({ ...prepared, createdIp: requestIp() }, hash, manager));
      const session = await this.sessions.signIn({ userId: id, methods: ['pwd'], remember: false }, manager);
      if (session) await complete(manager, session.session.id);
      return session;
    });
    if (!opened) throw new AccessDenied();
    return this.bundles.issue(opened);
  }

  /** The account itself, with its event. @throws EmailTaken, UsernameTaken */
  async create(user: NewUser, passwordHash: string, manager: EntityManager): Promise<User> {
    const created = await this.users.create(user, manager);
    await this.passwords.store(created.id, passwordHash, manager);
    await this.events.publish({ type: 'user.registered', userId: created.id, via: 'self' }, manager);
    return created;
  }
}

function requestIp(): string | null {
  return currentContext()?.ip ?? null;
}
