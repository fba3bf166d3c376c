import { describeAgent } from '../common/user-agent.js';
import type { LetterVariables } from '../mail/envelope.js';

/** When something happened and whence it was done, as a queued letter keeps it. */
export interface Occasion {
  /** ISO 8601. */
  readonly at: string;
  readonly browser: string | null;
  readonly system: string | null;
  readonly ip: string | null;
}

/** Whence: as a request context or a stored event tells. */
export interface Whence {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export function occasion(at: Date, whence: Whence | null): Occasion {
  const { browser, system } = describeAgent(whence?.userAgent ?? null);
  return { at: at.toISOString(), browser, system, ip: whence?.ip ?? null };
}

/** As letters name it, with the partial `occasion` or in words of their own; what is unknown is empty. */
export function occasionVariables({ at, browser, system, ip }: Occasion): LetterVariables {
  return { when: new Date(at), browser: browser ?? '', system: system ?? '', ip: ip ?? '' };
}

/** Samples of the same. */
export const SAMPLE_OCCASION = {
  when: new Date('2026-03-04T05:06:07Z'),
  browser: 'Firefox 145',
  system: 'macOS',
  ip: '203.0.113.9',
};
