import 'reflect-metadata';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { reasonForNotStarting } from './app.messages.js';
// Each feature registers its migrations when it is loaded.
import './app.module.js';
import { DomainError } from './common/domain-error.js';
import { ConfigModule } from './config/config.module.js';
import { type Environment, processEnvironment } from './config/environment.js';
import { loadConfig } from './config/load-config.js';
import { findRunningPostgres } from './database/embedded/embedded-postgres.js';

/** What a command does once its modules stand; gives what it has to say. */
export type CommandWork = (app: INestApplicationContext) => Promise<string>;

/** A command cannot do what it was asked to; the message is for the person at the terminal. */
export class CommandError extends Error {}

class CommandModule {}

/**
 * Runs a command: starts the modules that it needs and none else, does its work, and says on standard output what came
 * of it. A failure is told on standard error, with exit code 1.
 */
export async function runCommand(imports: Type[], work: CommandWork): Promise<void> {
  try {
    const environment = await shareDatabase(processEnvironment());
    const module = { module: CommandModule, imports: [ConfigModule.forRoot(environment), ...imports] };
    // Standard output is for the result alone.
    const options = { abortOnError: false, logger: ['error'] } satisfies Parameters<
      typeof NestFactory.createApplicationContext
    >[1];
    const app = await NestFactory.createApplicationContext(module, options);
    const result = await work(app).finally(() => app.close());
    process.stdout.write(`${result}\n`);
  } catch (error) {
    process.stderr.write(`${reasonForFailing(error)}\n`);
    process.exit(1);
  }
}

/** The embedded database of a service that runs is used with it; without one, the command starts it for itself. */
async function shareDatabase(environment: Environment): Promise<Environment> {
  const { url, dataDir } = loadConfig(environment).database;
  const running = url === undefined ? await findRunningPostgres(dataDir) : null;
  return running === null ? environment : { ...environment, DATABASE_URL: running };
}

function reasonForFailing(error: unknown): string {
  const explained = error instanceof DomainError || error instanceof CommandError;
  return explained ? error.message : reasonForNotStarting(error);
}
