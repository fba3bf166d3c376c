import { type Serializable } from 'node:child_process';

/** What a server does for the process that started it, beside serving HTTP. */
export type Calls = Record<string, (...parameters: never[]) => unknown>;

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly parameters: unknown[];
}

export type Message =
  | { readonly ready: string }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** Tells the parent that `url` is served, and answers its calls. The process ends with its parent. */
export function serve(url: string, calls: Calls = {}): void {
  const known: Calls = { cpuMicros, ...calls };
  process.on('message', (call: Call) => void answer(known, call).then(send));
  process.on('disconnect', () => process.exit());
  send({ ready: url });
}

async function answer(calls: Calls, { id, name, parameters }: Call): Promise<Message> {
  try {
    return { id, result: await calls[name]?.(...(parameters as never[])) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function send(message: Message): void {
  process.send?.(message as Serializable);
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
