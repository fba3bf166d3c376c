import { parseArgs } from 'node:util';
import { CommandError, type CommandWork, runCommand } from './app.command.js';
import type { KeyLife } from './tokens/key-life.js';
import { KeyRotation, type Successor } from './tokens/key-rotation.js';
import { KeyStore } from './tokens/key-store.js';
import { SigningKeysModule } from './tokens/signing-keys.module.js';

const USAGE = `Usage: npm run keys -- COMMAND

  list [--json]     shows the signing keys: next, current, previous, and killed ones
  rotate [--now]    makes the next key, which signs as soon as everybody can know it; with --now at once
  kill KID          ends a key that somebody else may hold: what it signed counts no more, at once

It needs the configuration of the service. docs/signing-keys.md says more.`;

const OWN_KEYS = `BEARER_TOKEN_KEY is set: its keys sign, none of the database. The first signs, all verify. To rotate, restart every replica
  1. with the new key as the last one: it is published
  2. ten minutes later, with the new key as the first one: it signs
  3. after BEARER_TOKEN_TTL and BEARER_TOKEN_LEEWAY, without the old one.
A key that somebody else may hold is left out at once.`;

interface Keys {
  store: KeyStore;
  rotation: KeyRotation;
}

type Action = (keys: Keys) => Promise<string>;

const ACTIONS: Record<string, (args: string[]) => Action> = { list, rotate, kill };

/** `npm run keys`: shows the signing keys and changes them. Private halves are never shown. */
await runCommand({ usage: USAGE, imports: [SigningKeysModule], read });

function read([name = '', ...args]: string[]): CommandWork {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new CommandError(USAGE);
  const act = action(args);
  return (app) => {
    const store = app.get(KeyStore);
    if (!store.isUsed) throw new CommandError(OWN_KEYS);
    return act({ store, rotation: app.get(KeyRotation) });
  };
}

function list(args: string[]): Action {
  const { json } = parseArgs({ args, options: { json: { type: 'boolean' } } }).values;
  return async ({ store }) => {
    const keys = (await store.list()).filter(({ state }) => state !== 'over').map(told);
    if (json) return JSON.stringify(keys);
    if (keys.length === 0) return 'There is no signing key yet. The service makes one when it starts.';
    return table([
      ['KID', 'ALGORITHM', 'STATE', 'SIGNS FROM', 'VERIFIES UNTIL'],
      ...keys.map((key) => [key.kid, key.algorithm, key.state, key.signsFrom, key.verifiesUntil ?? '-']),
    ]);
  };
}

function rotate(args: string[]): Action {
  const { now } = parseArgs({ args, options: { now: { type: 'boolean' } } }).values;
  return async ({ rotation }) => {
    const next = await rotation.rotate({ now });
    if (now) return `${next.kid} signs now. Tokens of the key before it count until they expire.`;
    const time = timeOf(next.signsFromMs);
    return next.made
      ? `${next.kid} is the next key. It is published now, and signs from ${time}.`
      : `${next.kid} is waiting already, and signs from ${time}.`;
  };
}

/** Read as it is: a kid may begin with a dash. */
function kill([kid = '', ...rest]: string[]): Action {
  if (kid === '' || rest.length > 0) throw new CommandError(USAGE);
  return async ({ rotation }) => {
    const killing = await rotation.kill(kid);
    if (!killing) throw new CommandError(`There is no signing key ${kid}. See npm run keys -- list.`);
    if (!killing.killed) return `${kid} was killed before.`;
    return `${kid} is killed: what it signed counts no more.${sequel(killing.successor)}`;
  };
}

function sequel(successor: Successor | undefined): string {
  if (!successor) return '';
  return `\n${successor.kid} signs now. Sessions stay: clients get a new token when they refresh.`;
}

function told({ kid, algorithm, state, signsFromMs, verifiesUntilMs }: KeyLife) {
  const verifiesUntil = verifiesUntilMs === Infinity ? null : timeOf(verifiesUntilMs);
  return { kid, algorithm, state, signsFrom: timeOf(signsFromMs), verifiesUntil };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Columns as wide as what is in them. */
function table(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
