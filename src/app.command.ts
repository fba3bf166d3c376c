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

/** A command for the terminal, e.g. `npm run migrate`. */
export interface Command {
  /** What `--help` says. */
  readonly usage: string;
  /** The modules it needs; no others are started. */
  readonly imports: Type[];
  /** What there is to do, before anything is started. @throws CommandError, or what `parseArgs` throws */
  read(args: string[]): CommandWork;
}

/** Done once the modules stand; gives what there is to say. */
export type CommandWork = (app: INestApplicationContext) => Promise<string>;

/** A command cannot do what it was asked to; the message is for the person at the terminal. */
export class CommandError extends Error {}

class CommandModule {}

/** Runs a command: its result goes to standard output, and alone there; a failure to standard error, with exit code 1. */
export async function runCommand(command: Command, args = process.argv.slice(2)): Promise<void> {
  try {
    const result = args.includes('--help') ? command.usage : await perform(command, args);
    process.stdout.write(`${result}\n`);
  } catch (error) {
    process.stderr.write(`${reasonForFailing(error, command)}\n`);
    process.exit(1);
  }
}

async function perform(command: Command, args: string[]): Promise<string> {
  const work = command.read(args);
  const environment = await shareDatabase(processEnvironment());
  const module = { module: CommandModule, imports: [ConfigModule.forRoot(environment), ...command.imports] };
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: ['error'] });
  return work(app).finally(() => app.close());
}

/** The embedded database of a service that runs is used with it; without one, the command starts it for itself. */
async function shareDatabase(environment: Environment): Promise<Environment> {
  const { url, dataDir } = loadConfig(environment).database;
  const running = url === undefined ? await findRunningPostgres(dataDir) : null;
  return running === null ? environment : { ...environment, DATABASE_URL: running };
}

function reasonForFailing(error: unknown, { usage }: Command): string {
  if (error instanceof CommandError || error instanceof DomainError) return error.message;
  const { code, message } = error as Partial<NodeJS.ErrnoException>;
  if (code?.startsWith('ERR_PARSE_ARGS')) return `${message}\n\n${usage}`;
  return reasonForNotStarting(error);
}
