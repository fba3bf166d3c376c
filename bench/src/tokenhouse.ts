/**
 * The build that is measured. It is found by its place and not by its name, so that nothing has to be installed into
 * this folder that is above it already.
 */
export * from '../../dist/index.js';
export { AppLogger } from '../../dist/app.logger.js';
export { Database } from '../../dist/database/database.js';
export { startEmbeddedPostgres } from '../../dist/database/embedded/embedded-postgres.js';

/** What `npm start` runs, and `npm run clients`. */
export const MAIN = new URL('../../dist/main.js', import.meta.url).pathname;
export const CLIENTS = new URL('../../dist/clients.js', import.meta.url).pathname;
