import { existsSync, readFileSync } from 'node:fs';

/** Names and raw values, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The process environment; a `.env` file in the working directory fills in what is not set. */
export function processEnvironment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

interface IntegerRule {
  fallback: number;
  min: number;
  max: number;
}

/**
 * Reads variables one by one and gathers what is wrong with them, so that boot can list everything at once.
 * A problem names the variable, never its value. An empty value counts as absent.
 */
export class EnvironmentReader {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];

  constructor(private readonly environment: Environment) {}

  /** The value of `name`, or the contents of the file that `NAME_FILE` points at. */
  text(name: string): string | undefined {
    const value = this.environment[name];
    const file = this.environment[`${name}_FILE`];
    if (value && file) return this.problem(name, `is set both directly and by ${name}_FILE`);
    if (file) return this.read(name, file);
    return value || undefined;
  }

  integer(name: string, { fallback, min, max }: IntegerRule): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    this.problem(name, `must be a whole number from ${min} to ${max}`);
    return fallback;
  }

  boolean(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ['true', 'false'], fallback ? 'true' : 'false') === 'true';
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    if ((allowed as readonly string[]).includes(text)) return text as T;
    this.problem(name, `must be one of ${allowed.join(', ')}`);
    return fallback;
  }

  /** Values between commas, trimmed. */
  list(name: string): string[] {
    const parts = (this.text(name) ?? '').split(',').map((part) => part.trim());
    return parts.filter((part) => part !== '');
  }

  /** An absolute URL of one of `protocols`, without a trailing slash. */
  url(name: string, protocols: string[], text = this.text(name)): string | undefined {
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url && protocols.includes(url.protocol)) return text.replace(/\/+$/, '');
    return this.problem(
      name,
      `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );
  }

  warning(name: string, what: string): void {
    this.warnings.push(`${name} ${what}.`);
  }

  problem(name: string, what: string): undefined {
    this.problems.push(`${name} ${what}.`);
  }

  private read(name: string, file: string): string | undefined {
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return this.problem(`${name}_FILE`, `points at a file that cannot be read (${code ?? 'error'})`);
    }
  }
}
