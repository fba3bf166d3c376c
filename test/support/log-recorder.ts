import type { LoggerService } from '@nestjs/common';
import type { TestApp } from './app.js';

/** Keeps every line that the service logs, also those of `debug`. */
export class LogRecorder implements LoggerService {
  readonly lines: string[] = [];

  /** Takes over the log of a running application. */
  static of({ app }: Pick<TestApp, 'app'>): LogRecorder {
    const recorder = new LogRecorder();
    app.useLogger(recorder);
    return recorder;
  }

  log = (...parts: unknown[]): void => this.keep('log', parts);
  fatal = (...parts: unknown[]): void => this.keep('fatal', parts);
  error = (...parts: unknown[]): void => this.keep('error', parts);
  warn = (...parts: unknown[]): void => this.keep('warn', parts);
  debug = (...parts: unknown[]): void => this.keep('debug', parts);
  verbose = (...parts: unknown[]): void => this.keep('verbose', parts);

  get text(): string {
    return this.lines.join('\n');
  }

  clear(): void {
    this.lines.length = 0;
  }

  private keep(level: string, parts: unknown[]): void {
    this.lines.push(JSON.stringify([level, ...parts]));
  }
}
