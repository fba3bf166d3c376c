import type { Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';

const entities = new Set<Type>();
const migrations = new Set<Type<MigrationInterface>>();

/** Called while modules load, before the data source is made. */
export function registerTables(tables: Type[], steps: Type<MigrationInterface>[]): void {
  for (const table of tables) entities.add(table);
  for (const step of steps) migrations.add(step);
}

/** Every table and migration of the modules that were loaded; TypeORM orders migrations by their timestamp. */
export function registeredTables(): {
  entities: Type[];
  migrations: Type<MigrationInterface>[];
} {
  return { entities: [...entities], migrations: [...migrations] };
}
