import type { Answer } from '../answer.js';

interface Entry {
  readonly who: string;
  readonly what: string;
  /** Absent while nobody has answered. */
  answer?: Answer;
}

/** Kept outside of the service: every request before it is sent, and every answer after it came. */
export class Ledger {
  private readonly entries: Entry[] = [];

  write(who: string, what: string): Entry {
    const entry = { who, what };
    this.entries.push(entry);
    return entry;
  }

  /** For the table. */
  get summary(): string {
    const acknowledged = this.entries.filter(
      ({ answer }) => answer && answer.status >= 200 && answer.status < 300,
    );
    return `${this.entries.length} requests, ${acknowledged.length} acknowledged`;
  }

  /** For the table: how many were answered how. */
  get seen(): string {
    const counts = new Map<string, number>();
    for (const { answer } of this.entries) {
      counts.set(String(answer), (counts.get(String(answer)) ?? 0) + 1);
    }
    const tally = [...counts].sort(([a], [b]) => a.localeCompare(b));
    return tally.map(([kind, count]) => `${kind} × ${count}`).join(', ');
  }

  /** How often something was acknowledged. */
  acknowledged(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { what, answer } of this.entries) {
      if (answer && answer.status >= 200 && answer.status < 300)
        counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    return counts;
  }

  /** What somebody did, the newest last; for messages. */
  historyOf(who: string): string {
    const lines = this.entries.filter((entry) => entry.who === who).slice(-30);
    return lines.map(({ what, answer }) => `  ${what}: ${answer ? String(answer) : 'under way'}`).join('\n');
  }
}
