import { ConsoleLogger } from '@nestjs/common';
import type { AppConfig } from './config/app-config.js';

/** What Nest tells of its own start: a hundred lines that nobody reads. */
const FRAMEWORK = new Set([
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
}
