import { runCommand } from './app.command.js';
import { DatabaseModule } from './database/database.module.js';

/**
 * `npm run migrate`: brings the schema up to date and leaves. Boot does the same; this is for those who deploy in
 * steps. Only the database is started: a signing key made here would be sealed under the `APP_KEY` of whoever
 * migrates, and the service, with its own, could not open it.
 */
await runCommand({
  usage: 'Usage: npm run migrate\n\nBrings the tables of the database up to date.',
  imports: [DatabaseModule],
  read: () => async () => 'The database is up to date.',
});
