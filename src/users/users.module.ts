import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { EventsModule } from '../events/events.module.js';
import { CreateUsers1764000001000 } from './migrations/1764000001000-create-users.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [DatabaseModule.forFeature([User], [CreateUsers1764000001000]), EventsModule],
  providers: [UsersService],
  exports: [UsersService],
})
export class UsersModule {}
