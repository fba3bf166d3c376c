const PROTOCOL_3 = 196_608;

/** What a client says of itself first; null for anything else (PostgreSQL's manual, "Message Formats"). */
export function readStartup(chunk: Buffer): Record<string, string> | null {
  if (chunk.length < 8 || chunk.readInt32BE(4) !== PROTOCOL_3) return null;
  const words = chunk.toString('utf8', 8, chunk.readInt32BE(0)).split('\0');
  const pairs = words.flatMap((word, i) => (i % 2 === 0 && word !== '' ? [[word, words[i + 1] ?? '']] : []));
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** Follows what a client sends, and tells each statement that it has executed. */
export class StatementReader {
  private rest = Buffer.alloc(0);
  private readonly prepared = new Map<string, string>();
  private bound = '';

  constructor(private readonly onStatement: (sql: string) => void) {}

  read(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    // A letter, and the length of all that follows it.
    while (this.rest.length >= 5 && this.rest.length > this.rest.readInt32BE(1)) {
      const end = 1 + this.rest.readInt32BE(1);
      this.message(String.fromCharCode(this.rest[0] as number), this.rest.subarray(5, end));
      this.rest = this.rest.subarray(end);
    }
  }

  private message(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('latin1').split('\0', 2);
    if (type === 'Q') this.onStatement(first);
    // Parse: the statement's name, its text. Bind: the portal's name, the statement's.
    else if (type === 'P') this.prepared.set(first, second);
    else if (type === 'B') this.bound = second;
    else if (type === 'E') this.onStatement(this.prepared.get(this.bound) ?? this.bound);
  }
}
