import { connect, createServer, type Server, type Socket } from 'node:net';
import { parse } from 'pg-connection-string';
import { createTestDatabase } from './test-database.js';

/** A database of one's own behind a wire that can be cut. */
export interface Outage {
  /** For `DATABASE_URL`. */
  url: string;
  /** From now on the database cannot be reached. */
  begin(): Promise<void>;
  end(): Promise<void>;
  /** Takes wire and database away. */
  remove(): Promise<void>;
}

export async function createOutage(): Promise<Outage> {
  const { url, drop } = await createTestDatabase();
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(addressOf(url));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  const port = await listen(server, 0);
  const begin = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: wiredUrl(url, port),
    begin,
    end: async () => void (await listen(server, port)),
    remove: async () => {
      await begin();
      await drop();
    },
  };
}

/** The server's own address: a folder with its unix socket, or host and port. */
function addressOf(url: string): { path: string } | { host: string; port: number } {
  const { host, port } = parse(url);
  const number = Number(port || 5432);
  if (host?.startsWith('/')) return { path: `${host}/.s.PGSQL.${number}` };
  return { host: host ?? '127.0.0.1', port: number };
}

function wiredUrl(url: string, port: number): string {
  const { user, password, database } = parse(url);
  const login = [user ?? '', password ?? ''].map(encodeURIComponent).join(':');
  return `postgres://${login}@127.0.0.1:${port}/${database}`;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => {
      resolve((server.address() as { port: number }).port);
    });
  });
}
