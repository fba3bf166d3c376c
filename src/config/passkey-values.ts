import { isIP } from 'node:net';
import type { AppConfig } from './app-config.js';
import type { EnvironmentReader } from './environment.js';
import { isOrigin } from './network-values.js';

/** What browsers call a native application on Android: the SHA-256 of its signing certificate. */
const ANDROID_APP = /^android:apk-key-hash:[\w-]{43}$/;
const MAX_NAME_LENGTH = 64;

/** For whom passkeys are made, and on which pages they may be used (WebAuthn, sections 4 and 5.1.3). */
export function readPasskeys(env: EnvironmentReader, appUrl: string): AppConfig['passkeys'] {
  const { hostname, host, origin } = new URL(appUrl);
  const givenId = env.text('PASSKEY_RP_ID');
  const givenOrigins = env.list('PASSKEY_ORIGINS');
  const rpId = givenId ?? hostname;
  const origins = givenOrigins.length > 0 ? givenOrigins : [origin];
  const rpName = env.text('PASSKEY_RP_NAME') ?? host;
  if ([...rpName].length > MAX_NAME_LENGTH || /\p{C}/u.test(rpName)) {
    env.problem('PASSKEY_RP_NAME', `must be at most ${MAX_NAME_LENGTH} ordinary characters`);
  }
  if (givenId !== undefined && !isDomain(givenId)) {
    env.problem('PASSKEY_RP_ID', 'must be a domain such as example.com, in lower case, or localhost');
  } else if (givenId !== undefined || givenOrigins.length > 0) {
    const problem = origins.map((text) => problemOf(text, rpId)).find((found) => found !== null);
    if (problem != null) env.problem('PASSKEY_ORIGINS', problem);
  }
  return { rpId, rpName, origins };
}

function problemOf(origin: string, rpId: string): string | null {
  if (ANDROID_APP.test(origin)) return null;
  if (!isOrigin(origin)) return 'must be exact origins such as https://app.example, separated by commas';
  const { protocol, hostname } = new URL(origin);
  const isLocal = isBelow(hostname, 'localhost');
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal)) return 'must be https, save on localhost';
  // A browser makes no passkeys for a top-level domain on a page below it.
  const fits = rpId === 'localhost' ? hostname === rpId : isBelow(hostname, rpId);
  return fits ? null : 'must have the host PASSKEY_RP_ID or one below it (below localhost none)';
}

function isBelow(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

/** Browsers take no address, and no top-level domain (which includes more than can be told from here). */
function isDomain(text: string): boolean {
  if (text === 'localhost') return true;
  return isIP(text) === 0 && /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$/.test(text);
}
