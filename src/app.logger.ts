import { ConsoleLogger } from '@nestjs/common';
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
  private lines = '';

  constructor({ production }: Pick<AppConfig, 'production'>) {
    super({ json: production, logLevels: ['log', 'warn', 'error', 'fatal'] });
    process.on('exit', () => this.flush());
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.log(message, ...(rest as [string]));
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.error(message, ...(rest as [string]));
  }

  /** The lines of one turn of the event loop are one write: a busy service has many of them. */
  protected override printAsJson(...parameters: Parameters<ConsoleLogger['printAsJson']>): void {
    const [, { logLevel }] = parameters;
    if (logLevel !== 'log') {
      this.flush();
      return super.printAsJson(...parameters);
    }
    if (this.lines === '') setImmediate(() => this.flush());
    this.lines += `${this.toLine(this.getJsonLogObject(...parameters))}\n`;
  }

  /** What is plain needs none of the care that the framework's own serializer takes of everything. */
  private toLine(record: Record<string, unknown>): string {
    try {
      return JSON.stringify(record);
    } catch {
      return this.stringifyJsonLogObject(record);
    }
  }

  private flush(): void {
    if (this.lines !== '') process.stdout.write(this.lines);
    this.lines = '';
  }
}
