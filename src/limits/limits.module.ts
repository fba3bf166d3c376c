import { Global, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { DatabaseModule } from '../database/database.module.js';
import { Housekeeping } from '../database/housekeeping.js';
import { Limiters, makeLimiters } from './limiters.js';
import { Limits } from './limits.js';
import { CreateLimits1764000013000 } from './migrations/1764000013000-create-limits.js';
import { NoteRefusals1764000022000 } from './migrations/1764000022000-note-refusals.js';

/** Global, because whatever takes a secret is limited. */
@Global()
@Module({
  imports: [DatabaseModule.forFeature([], [CreateLimits1764000013000, NoteRefusals1764000022000])],
  providers: [{ provide: Limiters, inject: [AppConfig, Database], useFactory: makeLimiters }, Limits],
  exports: [Limits],
})
export class LimitsModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly housekeeping: Housekeeping,
    private readonly limiters: Limiters,
  ) {}

  onModuleInit(): void {
    this.housekeeping.addTable('limits', 'expires_at < now()');
  }

  onApplicationShutdown(): void {
    this.limiters.close();
  }
}
