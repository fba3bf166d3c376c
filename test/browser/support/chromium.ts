import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser of this machine: `CHROMIUM_PATH`, else the first by the usual names. @throws Error when there is none */
export async function startChromium(): Promise<Browser> {
  // Chromium does not put root into its sandbox, nor anybody where the kernel forbids it; what it opens here is ours.
  return chromium.launch({ executablePath: pathOfChromium(), args: ['--no-sandbox'] });
}

function pathOfChromium(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
  const path = process.env.CHROMIUM_PATH ?? found;
  if (path !== undefined) return path;
  throw new Error(
    'There is no Chromium: install the package `chromium` (Debian: apt-get install chromium) or set CHROMIUM_PATH.',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
