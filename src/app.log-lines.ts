let lines = '';

/** Writes a line to standard output. Those of one turn of the event loop are one write: a busy service has many. */
export function writeLine(line: string): void {
  if (lines === '') setImmediate(flushLines);
  lines += `${line}\n`;
}

/** Writes now what waits. */
export function flushLines(): void {
  if (lines !== '') process.stdout.write(lines);
  lines = '';
}

process.on('exit', flushLines);
