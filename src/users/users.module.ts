import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { EventsModule } from '../events/events.module.js';
import { CreateUsers1764000001000 } from './migrations/1764000001000-create-users.js';
import { AddMailBlocked1764000018100 } from './migrations/1764000018100-add-mail-blocked.js';
import { AddSecondFactors1764000015000 } from './migrations/1764000015000-add-second-factors.js';
import { MailRecipients } from './mail-recipients.service.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [
    DatabaseModule.forFeature(
      [User],
      [CreateUsers1764000001000, AddSecondFactors1764000015000, AddMailBlocked1764000018100],
    ),
    EventsModule,
  ],
  providers: [UsersService, MailRecipients],
  exports: [UsersService, MailRecipients],
})
export class UsersModule {}
