import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { currentContext } from '../common/request-context.js';
import { Database } from '../database/database.js';
import { Outbox } from '../mail/outbox.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { UsernameTaken } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { PendingRegistration } from './pending-registration.entity.js';
import { CONFIRM_REGISTRATION } from './registration-confirmation.service.js';
import { type Registration, RegistrationService } from './registration.service.js';

/**
 * `REGISTRATION=verified`: the account comes into being when the mailbox is proven. Known and unknown addresses
 * cost and answer the same, because what differs happens in the mail worker (parity RG-03): see
 * `RegistrationConfirmation`.
 */
@Injectable()
export class PendingRegistrations {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly registrations: RegistrationService,
  ) {}

  /**
   * Notes a registration and queues its mail. @throws WeakPassword, UsernameTaken, Overloaded; never says whether it is known
   * @param complete further work in the transaction
   */
  async add(
    registration: Registration,
    complete: (manager: EntityManager) => Promise<void> = async () => {},
  ): Promise<void> {
    const { registration: prepared } = await this.registrations.prepare(registration);
    // A taken username may be told: it says nothing about the address.
    if (prepared.username && (await this.users.findByUsername(prepared.username))) throw new UsernameTaken();
    const passwordHash = await this.passwords.hashNew(prepared.password, prepared, 'password');
    const { email, username = null, firstName = null, lastName = null } = prepared;
    const createdIp = currentContext()?.ip ?? null;
    const person = { id: uuidv7(), email, username, firstName, lastName, passwordHash, createdIp };
    await this.database.transaction(async (manager) => {
      await manager.insert(PendingRegistration, { ...person, createdAt: () => 'now()' });
      await this.outbox.queue(CONFIRM_REGISTRATION, { id: person.id }, manager);
      await complete(manager);
    });
  }
}
