import { ConsoleLogger } from '@nestjs/common';
import { standardError, standardOutput } from './app.log-lines.js';
import type { AppConfig } from './config/app-config.js';

/** Where Nest tells of its own start, at length; that it failed, `main.ts` says in fewer words. */
const FRAMEWORK = new Set([
  'ExceptionHandler',
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** JSON lines in production, words in development. */
export class AppLogger extends ConsoleLogger {
  constructor({ production }: Pick<AppConfig, 'production'>) {
    super({ json: production, logLevels: ['log', 'warn', 'error', 'fatal'] });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.log(message, ...(rest as [string]));
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.error(message, ...(rest as [string]));
  }

  protected override printMessages(...parameters: Parameters<ConsoleLogger['printMessages']>): void {
    // In the order in which things were told, whichever stream they go to.
    standardOutput.flush();
    const [messages, , , stream] = parameters;
    const lines = stream === 'stderr' ? standardError : standardOutput;
    if (!lines.loses(messages.length)) super.printMessages(...parameters);
  }
}
