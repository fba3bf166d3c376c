import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ServerAccount } from './server-account.js';
import { SERVER_ENVIRONMENT } from './server-binaries.js';

const STOP_TIMEOUT_MS = 30_000;
const KEPT_LINES = 20;

/**
 * Runs the server and ends it (SIGINT: fast shutdown) as soon as its own standard input ends: when we close it, and
 * when our process is gone, however it went. It repeats the signal, because a server that has hardly begun ignores it.
 */
const SCRIPT = `
trap '' HUP INT TERM
runtime=$1; shift
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{ read -r line <&3; while kill -INT $server; do sleep 1; done; } >/dev/null 2>&1 &
watcher=$!
wait $server
status=$?
kill -KILL $watcher
rm -rf "$runtime"
exit $status
`;

interface GuardedServer {
  readonly account: ServerAccount;
  /** Working directory of the server. */
  readonly clusterDir: string;
  /** Removed when the server has ended. */
  readonly runtimeDir: string;
  readonly command: readonly string[];
  /** A process id that the server must not take for a running server. */
  readonly recycledPid: number | null;
}

/** A server and the shell that watches over it, in a session of their own: Ctrl-C in our terminal is for us alone. */
export class Guardian {
  readonly #shell: ChildProcess & { stdin: Writable; stderr: Readable };
  readonly #end: Promise<void>;
  #lastLines = '';
  #ended = false;
  #stopping = false;

  constructor(server: GuardedServer) {
    const args = ['-c', SCRIPT, 'tokenhouse-guardian', server.runtimeDir, ...server.command];
    this.#shell = spawn('/bin/sh', args, {
      ...server.account,
      cwd: server.clusterDir,
      env: { ...SERVER_ENVIRONMENT, ...excuse(server.recycledPid) },
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#end = this.#untilEnd();
    this.#shell.stdin.on('error', () => undefined);
    this.#shell.stderr.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    this.#letProcessExit();
  }

  /** True once the server has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What the server said last; statements and their values are never part of it. */
  get lastLines(): string {
    return this.#lastLines.trim();
  }

  onUnexpectedEnd(listener: () => void): void {
    void this.#end.then(() => this.#stopping || listener());
  }

  /** Resolves when the server has ended in good order, or after 30 seconds by force (it recovers at the next start). */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#shell.ref();
    this.#shell.stdin.end();
    const force = setTimeout(
      () => this.#shell.pid && process.kill(-this.#shell.pid, 'SIGQUIT'),
      STOP_TIMEOUT_MS,
    );
    await this.#end;
    clearTimeout(force);
  }

  /** `close` comes after the last output; `error` instead of it where the shell cannot be started. */
  async #untilEnd(): Promise<void> {
    await once(this.#shell, 'close').catch((error: Error) => this.#keep(error.message));
    this.#ended = true;
  }

  #keep(text: string): void {
    this.#lastLines = (this.#lastLines + text).split('\n').slice(-KEPT_LINES).join('\n');
  }

  /** A process with nothing else to do may end; the guardian then ends the server. */
  #letProcessExit(): void {
    this.#shell.unref();
    for (const pipe of [this.#shell.stdin, this.#shell.stderr]) (pipe as { unref?(): void }).unref?.();
  }
}

/** pg_ctl names its parent in this variable; PostgreSQL then knows that the recorded id is not a server's. */
function excuse(recycledPid: number | null): Record<string, string> {
  return recycledPid === null ? {} : { PG_GRANDPARENT_PID: String(recycledPid) };
}
