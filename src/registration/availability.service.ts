import { Injectable } from '@nestjs/common';
import { ValidationFailed } from '../common/common.errors.js';
import { AppConfig } from '../config/app-config.js';
import { UsersService } from '../users/users.service.js';
import { RegistrationClosed } from './registration.errors.js';

/** One of the two. */
export interface WantedName {
  email?: string;
  username?: string | null;
}

/** Whether somebody has a name already, by the rule by which registering decides (parity RG-07). */
@Injectable()
export class Availability {
  constructor(
    private readonly users: UsersService,
    private readonly config: AppConfig,
  ) {}

  /** @throws ValidationFailed for both or neither, and for an address where registering would not tell; RegistrationClosed */
  async isFree({ email, username }: WantedName): Promise<boolean> {
    if ((email === undefined) === (username == null)) throw new ValidationFailed([ONE_OF_BOTH]);
    if (username != null) return this.users.isFree('username', username);
    const { registration } = this.config.users;
    if (registration === 'closed') throw new RegistrationClosed();
    if (registration !== 'open') throw new ValidationFailed([NOT_TOLD]);
    return this.users.isFree('email', String(email));
  }
}

const ONE_OF_BOTH = { field: 'username', code: 'missing', message: 'Send a username or an address.' };
const NOT_TOLD = { field: 'email', code: 'not_told', message: 'Here nobody is told who has an account.' };
