import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';

/**
 * A process that owns an embedded PostgreSQL in the folder that its argument names. Each of its lines is a JSON
 * object; a line on its standard input stops it.
 */
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const postgres = await startEmbeddedPostgres({ dataDir: process.argv[2]!, log: (log) => say({ log }) });
  say({ url: postgres.url });
  process.on('SIGINT', () => say({ received: 'SIGINT' }));
  process.stdin.once('data', async () => {
    await postgres.stop();
    process.exit(0);
  });
} catch (error) {
  say({ error: (error as Error).message });
  process.exit(1);
}
