import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { LinksModule } from '../links/links.module.js';
import { MailModule } from '../mail/mail.module.js';
import { CreatePendingRegistrations1764000006000 } from './migrations/1764000006000-create-pending-registrations.js';
import { PendingRegistration } from './pending-registration.entity.js';
import { PendingRegistrations } from './pending-registrations.service.js';
import { RegistrationController } from './registration.controller.js';
import { RegistrationService } from './registration.service.js';

@Module({
  imports: [
    DatabaseModule.forFeature([PendingRegistration], [CreatePendingRegistrations1764000006000]),
    LinksModule,
    MailModule,
  ],
  controllers: [RegistrationController],
  providers: [RegistrationService, PendingRegistrations],
  exports: [RegistrationService],
})
export class RegistrationModule {}
