import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { DatabaseModule } from '../database/database.module.js';
import { Housekeeping } from '../database/housekeeping.js';
import { DOORBELL, type Doorbell } from './doorbell.js';
import { CreateNews1764000008000 } from './migrations/1764000008000-create-news.js';
import { NewsConnection } from './news-connection.js';
import { NewsFollower } from './news-follower.js';
import { tokenLifetimeSeconds } from '../config/token-lifetime.js';
import { News } from './news.js';
import { PostgresDoorbell } from './postgres-doorbell.js';

/** Global, because whatever keeps something in memory must hear that it has changed. */
@Global()
@Module({
  imports: [DatabaseModule.forFeature([], [CreateNews1764000008000])],
  providers: [
    { provide: DOORBELL, inject: [AppConfig, Database], useFactory: makeDoorbell },
    News,
    NewsConnection,
    NewsFollower,
  ],
  exports: [News, NewsFollower],
})
export class NewsModule implements OnModuleInit {
  constructor(
    private readonly housekeeping: Housekeeping,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    const lifetime = `${tokenLifetimeSeconds(this.config)} seconds`;
    this.housekeeping.addTable('news', `told_at < now() - interval '${lifetime}'`);
  }
}

async function makeDoorbell({ redisUrl }: AppConfig, database: Database): Promise<Doorbell> {
  if (redisUrl === undefined) return new PostgresDoorbell(database);
  // Loaded where it is used: most have no Redis, and its client takes memory.
  const { RedisDoorbell } = await import('./redis-doorbell.js');
  return new RedisDoorbell(redisUrl);
}
