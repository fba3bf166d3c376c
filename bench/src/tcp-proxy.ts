import {
  createConnection,
  createServer,
  type AddressInfo,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net';
import { parse } from 'pg-connection-string';
import type { Bench } from './bench.js';
import { readStartup, StatementReader } from './postgres-protocol.js';

/** One connection through the proxy. */
export interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  /** What a client of PostgreSQL calls itself; `undefined` for Redis. */
  application?: string;
}

type Selection = (link: Link) => boolean;

/** A network between a service and one of its servers, which can be cut and frozen, and on which one can listen. */
export class TcpProxy {
  private readonly links = new Set<Link>();
  private server: Server;
  private isCut: Selection = () => false;
  private isFrozen: Selection = () => false;

  private constructor(
    private readonly target: NetConnectOpts,
    private readonly onStatement?: (application: string, sql: string) => void,
  ) {
    this.server = createServer((client) => this.accept(client));
  }

  /** In front of the server that `url` names. `onStatement` hears of all that a PostgreSQL is asked. */
  static async open(
    bench: Bench,
    url: string,
    onStatement?: (application: string, sql: string) => void,
  ): Promise<{ proxy: TcpProxy; url: string }> {
    const proxy = new TcpProxy(targetOf(url), onStatement);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    bench.cleanup.add(() => proxy.close());
    const through = new URL(url);
    for (const name of ['host', 'port']) through.searchParams.delete(name);
    through.hostname = '127.0.0.1';
    through.port = String((proxy.server.address() as AddressInfo).port);
    return { proxy, url: through.href };
  }

  /** Ends the connections that are selected, and every new one, until mended. */
  cut(selection: Selection): void {
    this.isCut = selection;
    for (const link of this.links) if (selection(link)) end(link);
  }

  /** Connections that are selected stay open and carry nothing any more, new ones neither; until mended. */
  freeze(selection: Selection): void {
    this.isFrozen = selection;
    for (const link of this.links) this.applyFrost(link);
  }

  mend(): void {
    this.isCut = () => false;
    // What was said into the frost is lost, as on a network that lost its route.
    for (const link of this.links) if (this.isFrozen(link)) end(link);
    this.isFrozen = () => false;
  }

  private async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const link of this.links) end(link);
    await closed;
  }

  private accept(client: Socket): void {
    const link: Link = { client, upstream: createConnection(this.target) };
    this.links.add(link);
    for (const socket of [link.client, link.upstream]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.links.delete(link);
        end(link);
      });
    }
    const statements = new StatementReader((sql) => this.onStatement?.(link.application ?? '', sql));
    client.on('data', (chunk: Buffer) => {
      if (this.introduce(link, chunk)) statements.read(chunk);
      if (this.isCut(link)) end(link);
      else link.upstream.write(chunk);
    });
    link.upstream.on('data', (chunk: Buffer) => client.write(chunk));
    this.applyFrost(link);
  }

  /** Whether that is known already who speaks; else the first chunk tells. */
  private introduce(link: Link, chunk: Buffer): boolean {
    if (link.application !== undefined) return true;
    const startup = readStartup(chunk);
    if (startup) link.application = startup.application_name ?? '';
    this.applyFrost(link);
    return false;
  }

  private applyFrost(link: Link): void {
    if (!this.isFrozen(link)) return;
    link.client.pause();
    link.upstream.pause();
  }
}

function end(link: Link): void {
  link.client.destroy();
  link.upstream.destroy();
}

function targetOf(url: string): NetConnectOpts {
  if (url.startsWith('redis')) {
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port || 6379) };
  }
  const { host, port } = parse(url);
  const number = Number(port ?? 5432);
  return host?.startsWith('/')
    ? { path: `${host}/.s.PGSQL.${number}` }
    : { host: host ?? 'localhost', port: number };
}
