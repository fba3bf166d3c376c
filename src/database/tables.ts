import type { EntityTarget, MigrationInterface, ObjectLiteral } from 'typeorm';

const entities = new Set<EntityTarget<ObjectLiteral>>();
const migrations = new Set<new () => MigrationInterface>();

/** Called while modules load, before the data source is made. */
export function registerTables(
  tables: EntityTarget<ObjectLiteral>[],
  steps: (new () => MigrationInterface)[],
): void {
  for (const table of tables) entities.add(table);
  for (const step of steps) migrations.add(step);
}

/** Every table and migration of the modules that were loaded; TypeORM orders migrations by their timestamp. */
export function registeredTables(): {
  entities: EntityTarget<ObjectLiteral>[];
  migrations: (new () => MigrationInterface)[];
} {
  return { entities: [...entities], migrations: [...migrations] };
}
