import { DataSource } from 'typeorm';

/**
 * The service's own TypeORM data source. A class of its own, so that a host application's
 * `DataSource` and ours never stand in for each other.
 */
export class Database extends DataSource {}
