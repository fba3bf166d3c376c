import Bowser from 'bowser';
import { MAX_USER_AGENT_LENGTH } from './request-context.js';

/** What a `User-Agent` tells, in words for people; it is whatever the client says. */
export interface AgentDescription {
  /** E.g. `desktop`, or a model where the browser tells. */
  device: string | null;
  /** E.g. `Firefox 145`. */
  browser: string | null;
  /** E.g. `macOS`, `iOS 17.1`. */
  system: string | null;
}

/** Systems whose version browsers no longer tell: they all say the same old one. */
const FROZEN_VERSION = new Set(['macOS', 'Windows']);

export function describeAgent(userAgent: string | null): AgentDescription {
  if (!userAgent) return { device: null, browser: null, system: null };
  const { browser, os, platform } = parse(userAgent);
  return {
    device: platform.model ? words(platform.vendor, platform.model) : words(platform.type),
    browser: words(browser.name, browser.version?.split('.', 1)[0]),
    system: words(os.name, FROZEN_VERSION.has(os.name ?? '') ? undefined : os.version),
  };
}

/** The same for every version of a browser on a system. */
export function kindOfAgent(userAgent: string | null): string {
  if (!userAgent) return '';
  const { browser, os } = parse(userAgent);
  return JSON.stringify([browser.name, os.name]);
}

function parse(userAgent: string): Bowser.Parser.ParsedResult {
  return Bowser.parse(userAgent.slice(0, MAX_USER_AGENT_LENGTH));
}

function words(...parts: (string | undefined)[]): string | null {
  return parts.filter(Boolean).join(' ') || null;
}
