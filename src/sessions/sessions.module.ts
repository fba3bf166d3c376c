import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { EventsModule } from '../events/events.module.js';
import { NewsModule } from '../news/news.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { ConcurrentSessions } from './concurrent-sessions.service.js';
import { KnownDevices } from './known-devices.service.js';
import { LastSeen } from './last-seen.service.js';
import { LiveDirectory } from './live-directory.js';
import { CreateSessions1764000004000 } from './migrations/1764000004000-create-sessions.js';
import { TellOfSessions1764000009000 } from './migrations/1764000009000-tell-of-sessions.js';
import { CreateKnownDevices1764000014000 } from './migrations/1764000014000-create-known-devices.js';
import { CountRefreshes1764000014100 } from './migrations/1764000014100-count-refreshes.js';
import { OwnChanges } from './own-changes.js';
import { RefreshBudget } from './refresh-budget.js';
import { SessionEndings } from './session-endings.js';
import { Session } from './session.entity.js';
import { SessionRotation } from './session-rotation.service.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [
    DatabaseModule.forFeature(
      [Session],
      [
        CreateSessions1764000004000,
        TellOfSessions1764000009000,
        CreateKnownDevices1764000014000,
        CountRefreshes1764000014100,
      ],
    ),
    EventsModule,
    NewsModule,
    TokensModule,
    UsersModule,
  ],
  providers: [
    SessionsService,
    SessionEndings,
    SessionRotation,
    ConcurrentSessions,
    KnownDevices,
    RefreshBudget,
    OwnChanges,
    LiveDirectory,
    LastSeen,
  ],
  exports: [SessionsService, SessionRotation, KnownDevices, RefreshBudget, LiveDirectory, LastSeen],
})
export class SessionsModule {}
