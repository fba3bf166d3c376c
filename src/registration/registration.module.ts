import { Module, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { Housekeeping } from '../database/housekeeping.js';
import { LinksModule } from '../links/links.module.js';
import { MailModule } from '../mail/mail.module.js';
import { Availability } from './availability.service.js';
import { CreatePendingRegistrations1764000006000 } from './migrations/1764000006000-create-pending-registrations.js';
import { CreateRegistrationKeys1764000014200 } from './migrations/1764000014200-create-registration-keys.js';
import { PendingRegistration } from './pending-registration.entity.js';
import { PendingRegistrations } from './pending-registrations.service.js';
import { RegistrationConfirmation } from './registration-confirmation.service.js';
import { RegistrationController } from './registration.controller.js';
import { RegistrationKeys } from './registration-keys.service.js';
import { RegistrationRequests } from './registration-requests.service.js';
import { RegistrationService } from './registration.service.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';

@Module({
  imports: [
    DatabaseModule.forFeature(
      [PendingRegistration],
      [CreatePendingRegistrations1764000006000, CreateRegistrationKeys1764000014200],
    ),
    LinksModule,
    MailModule,
    SecondFactorsModule,
  ],
  controllers: [RegistrationController],
  providers: [
    Availability,
    RegistrationKeys,
    RegistrationRequests,
    RegistrationService,
    PendingRegistrations,
    RegistrationConfirmation,
  ],
  exports: [RegistrationService],
})
export class RegistrationModule implements OnModuleInit {
  constructor(
    private readonly housekeeping: Housekeeping,
    private readonly config: AppConfig,
  ) {}

  /** A registration ends with the link that would confirm it. */
  onModuleInit(): void {
    const { verifyTtlMinutes } = this.config.links;
    const isOver = `created_at < now() - make_interval(mins => ${verifyTtlMinutes})`;
    this.housekeeping.addTable('pending_registrations', isOver);
  }
}
