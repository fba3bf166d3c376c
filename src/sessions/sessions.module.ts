import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { EventsModule } from '../events/events.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { LastSeen } from './last-seen.service.js';
import { CreateSessions1764000004000 } from './migrations/1764000004000-create-sessions.js';
import { Session } from './session.entity.js';
import { SessionRotation } from './session-rotation.service.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [
    DatabaseModule.forFeature([Session], [CreateSessions1764000004000]),
    EventsModule,
    TokensModule,
    UsersModule,
  ],
  providers: [SessionsService, SessionRotation, LastSeen],
  exports: [SessionsService, SessionRotation, LastSeen],
})
export class SessionsModule {}
