import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { NotFound } from '../common/common.errors.js';
import { SessionRevoked } from '../tokens/tokens.errors.js';
import type { Principal } from '../auth/principal.js';
import { Circumstances, steppedUp } from '../guard/requirements.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { type Profile, UsersService } from '../users/users.service.js';

/** What a hook gets before a profile changes; it may change `profile`, or refuse by throwing (parity AC-01). */
export interface Updating {
  readonly user: User;
  profile: Profile;
}

export type UpdatingHook = (updating: Updating) => Promise<void> | void;

/** What people do with their own account. */
@Injectable()
export class AccountService {
  private readonly hooks: UpdatingHook[] = [];

  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly circumstances: Circumstances,
  ) {}

  /** Lets a host application take part in changes of a profile; call it from `onModuleInit`. */
  onUpdating(hook: UpdatingHook): void {
    this.hooks.push(hook);
  }

  /** @throws UsernameTaken, or what a hook throws; then nothing has changed */
  async update(user: User, profile: Profile): Promise<User> {
    const updating: Updating = { user, profile: { ...profile } };
    for (const hook of this.hooks) await hook(updating);
    const updated = await this.users.updateProfile(user.id, updating.profile);
    if (!updated) throw new SessionRevoked();
    return updated;
  }

  /** Deletes the account, by its password or in a session that was confirmed just now (parity AC-04). */
  async delete(principal: Principal, password: string | undefined): Promise<void> {
    const { id } = principal.user;
    if (password !== undefined) {
      await this.passwords.withPassword(id, password, (manager) => this.users.deleteWithin(manager, id));
      return;
    }
    steppedUp(principal, this.circumstances);
    await this.users.delete(id);
  }

  /** Ends one of the user's own sessions. @throws NotFound also for somebody else's, StepUpRequired */
  async endSession(principal: Principal, sid: string): Promise<void> {
    const { user, session } = principal;
    if (sid !== session.id) steppedUp(principal, this.circumstances);
    if (!isUuid(sid) || !(await this.sessions.end(sid, 'closed_by_user', user.id))) throw new NotFound();
  }
}
