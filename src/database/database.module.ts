import { Global, Inject, Logger, Module, type OnApplicationShutdown, type Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { AppConfig } from '../config/app-config.js';
import { Database } from './database.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres.js';
import { databaseOptions } from './database.options.js';
import { Housekeeping } from './housekeeping.js';
import { runMigrations } from './migrations.js';
import { registerTables } from './tables.js';

const SERVER = Symbol('database server');

/** Owns the connection pool, and the embedded PostgreSQL when no `DATABASE_URL` is set. */
@Global()
@Module({
  providers: [
    { provide: SERVER, inject: [AppConfig], useFactory: startServer },
    { provide: Database, inject: [SERVER, AppConfig], useFactory: connect },
    Housekeeping,
  ],
  exports: [Database, Housekeeping],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly database: Database,
    @Inject(SERVER) private readonly server: DatabaseServer,
  ) {}

  /** Adds a feature's tables: `imports: [DatabaseModule.forFeature([Session], [CreateSessions…])]`. */
  static forFeature(entities: Type[], migrations: Type<MigrationInterface>[]): typeof DatabaseModule {
    registerTables(entities, migrations);
    return DatabaseModule;
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.database.isInitialized) await this.database.destroy();
    await this.server.stop();
  }
}

type DatabaseServer = Pick<EmbeddedPostgres, 'url' | 'stop'>;

async function startServer(config: AppConfig): Promise<DatabaseServer> {
  if (config.database.url !== undefined) return { url: config.database.url, stop: async () => {} };
  const logger = new Logger('EmbeddedPostgres');
  return startEmbeddedPostgres({ dataDir: config.database.dataDir, log: (line) => logger.log(line) });
}

async function connect(server: DatabaseServer): Promise<Database> {
  const database = new Database(databaseOptions(server.url));
  try {
    await database.initialize();
    await runMigrations(database);
    return database;
  } catch (error) {
    if (database.isInitialized) await database.destroy();
    await server.stop();
    throw error;
  }
}
