import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Count {
  count: number;
  refused: boolean;
  endsAtMs: number;
}

/** As much of Redis as ringing and counting take (RESP3), for machines that have none. */
export class RedisStandIn {
  private readonly subscribers = new Map<string, Set<Socket>>();
  private readonly sockets = new Set<Socket>();
  private readonly counts = new Map<string, Count>();
  private server: Server;

  async start(): Promise<string> {
    this.server = createServer((socket) => this.serve(socket));
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    let text = '';
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.sockets.delete(socket);
      for (const subscribed of this.subscribers.values()) subscribed.delete(socket);
    });
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += String(chunk);
      for (let command = takeCommand(text); command; command = takeCommand(text)) {
        text = text.slice(command.length);
        socket.write(this.answer(command.words, socket), 'latin1');
      }
    });
  }

  private answer([name = '', ...words]: string[], socket: Socket): string {
    const [channel = '', message = ''] = words;
    switch (name.toUpperCase()) {
      case 'HELLO':
        return '%0\r\n';
      case 'SUBSCRIBE':
        this.subscribers.set(channel, (this.subscribers.get(channel) ?? new Set()).add(socket));
        return push('subscribe', channel, 1);
      case 'PUBLISH': {
        const subscribed = this.subscribers.get(channel) ?? new Set();
        for (const subscriber of subscribed) subscriber.write(push('message', channel, message), 'latin1');
        return `:${subscribed.size}\r\n`;
      }
      case 'EVAL':
        return this.count(words);
      case 'GET': {
        const { count } = this.known(channel) ?? {};
        return count === undefined ? '_\r\n' : `+${count}\r\n`;
      }
      case 'PTTL':
        return `:${(this.known(channel)?.endsAtMs ?? Date.now() - 2) - Date.now()}\r\n`;
      case 'DEL':
        return `:${Number(this.counts.delete(channel))}\r\n`;
      default:
        return '+OK\r\n';
    }
  }

  private known(key: string): Count | undefined {
    const known = this.counts.get(key);
    return known && known.endsAtMs > Date.now() ? known : undefined;
  }

  /** What the script of `RedisLimiters` does: the one that is ever sent. */
  private count([, , key = '', ...numbers]: string[]): string {
    const [points = 0, seconds = 0, limit = 0] = numbers.map(Number);
    const now = Date.now();
    const kept = this.known(key) ?? { count: 0, refused: false, endsAtMs: now + seconds * 1000 };
    const over = Math.min(kept.count + points, limit + 2);
    kept.count = points < 0 ? Math.max(Math.min(kept.count, limit) + points, 0) : over;
    if (kept.count > limit && kept.refused) kept.count = limit + 2;
    kept.refused ||= kept.count > limit;
    this.counts.set(key, kept);
    return `*2\r\n:${kept.count}\r\n:${kept.endsAtMs - now}\r\n`;
  }
}

function push(...values: (string | number)[]): string {
  const texts = values.map((value) =>
    typeof value === 'number' ? `:${value}\r\n` : `$${value.length}\r\n${value}\r\n`,
  );
  return `>${values.length}\r\n${texts.join('')}`;
}

/** The first whole command of a stream, and how much of it that is. */
function takeCommand(text: string): { words: string[]; length: number } | null {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) return null;
  let at = head[0].length;
  const words: string[] = [];
  for (let word = 0; word < Number(head[1]); word += 1) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 16));
    if (!size) return null;
    at += size[0].length;
    const length = Number(size[1]);
    if (text.length < at + length + 2) return null;
    words.push(text.slice(at, at + length));
    at += length + 2;
  }
  return { words, length: at };
}
