import {
  createConnection,
  createServer,
  type AddressInfo,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net';
import { parse } from 'pg-connection-string';

/** A network between a service and its PostgreSQL, or Redis, that a test can cut and mend. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private server?: Server;
  private port = 0;
  private breaking = 0;
  private frozen = false;
  /** Connections that asked something while `breakNext` was in force. */
  broken = 0;

  constructor(private readonly databaseUrl: string) {}

  /** The database's URL by way of this proxy. */
  get url(): string {
    const url = new URL(this.databaseUrl);
    for (const name of ['host', 'port']) url.searchParams.delete(name);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  /** Starts, or mends what was cut: on the same port. */
  async open(): Promise<this> {
    const server = createServer((socket) => this.forward(socket));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Ends every connection; new ones are refused. */
  async cut(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server?.close(() => resolve()) ?? resolve());
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Nothing passes any more, in either direction, and nobody is told: neither those who are connected, nor new ones. */
  freeze(): void {
    this.frozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  thaw(): void {
    this.frozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** The next `count` times that somebody asks the database something, their connection breaks. */
  breakNext(count: number): void {
    this.breaking = count;
    this.broken = 0;
  }

  private forward(client: Socket): void {
    const upstream = createConnection(target(this.databaseUrl));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
    upstream.pipe(client);
    if (this.frozen) for (const socket of [client, upstream]) socket.pause();
    client.on('data', (chunk: Buffer) => {
      if (!isStartup(chunk) && this.breaks()) client.destroy();
      else upstream.write(chunk);
    });
  }

  private breaks(): boolean {
    if (this.breaking === 0) return false;
    this.breaking -= 1;
    this.broken += 1;
    return true;
  }
}

/** What opens a connection: messages without a type byte, and passwords ('p'). Nothing is asked by them. */
function isStartup(chunk: Buffer): boolean {
  return chunk[0] === 0 || chunk[0] === 0x70;
}

function target(url: string): NetConnectOpts {
  const { host, port } = parse(url);
  const number = Number(port ?? 5432);
  return host?.startsWith('/')
    ? { path: `${host}/.s.PGSQL.${number}` }
    : { host: host ?? 'localhost', port: number };
}
