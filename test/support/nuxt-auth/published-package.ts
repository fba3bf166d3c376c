import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { compileFunction } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { build, type Plugin, type Rolldown } from 'vite';

/**
 * The archive that the registry serves for `@sidebase/nuxt-auth` 1.3.1 (MIT), byte for byte. Not a development
 * dependency, because it would bring all of Nuxt's build tools along, of which its run-time code uses none.
 */
const ARCHIVE = new URL('./sidebase-nuxt-auth-1.3.1.tgz', import.meta.url);
const INTEGRITY =
  'sha512-D7t78ezBd986ohBFiJx5xXZwk1dvaBWBHK4mSpI4fPxdHOgzW8K+vuraxZG/s1/h6PX1RNJpdAxhh1akraFzSQ==';

const ROOT = '/nuxt-auth/';
const LOCAL = `${ROOT}dist/runtime/composables/local`;

/** What the package imports and a Nuxt application would provide; the test's stand-ins, by module. */
export type Surroundings = Record<'#app' | '#app/nuxt' | '@nuxt/kit' | 'vue', object> & {
  '#imports': { _refreshHandler: object };
};

/** Globals of Nuxt and of the browser that the package uses. */
export interface Globals {
  $fetch: unknown;
  document: unknown;
}

/** The package's code, bundled for a Nuxt server or for a browser. Each call runs it anew, as a page load does. */
export type LoadPackage = (surroundings: Surroundings, globals: Globals) => unknown;

/** The modules of the package that an application with the `local` provider loads. */
const ENTRY = `
  export { default as module } from '${ROOT}dist/module.mjs';
  export { useAuth } from '${LOCAL}/useAuth.js';
  export { useAuthState } from '${LOCAL}/useAuthState.js';
  export { default as plugin } from '${ROOT}dist/runtime/plugin.js';
  export { default as refreshTokenPlugin } from '${ROOT}dist/runtime/plugins/refresh-token.server.js';
  export { DefaultRefreshHandler } from '${ROOT}dist/runtime/utils/refreshHandler.js';
`;

/** Nuxt's generated module: auto-imports, the package's own among them. */
const OWN_IMPORTS = `
  export { useAuth } from '${LOCAL}/useAuth.js';
  export { useAuthState } from '${LOCAL}/useAuthState.js';
`;

/** Used for redirects and for type declarations only. */
const UNUSED: Record<string, string> = {
  requrl: 'export default () => "http://localhost:3000/";',
  knitwork: 'export const genInterface = () => "";',
};

/** @param names what each stand-in exports */
export async function bundleNuxtAuth(
  side: 'server' | 'client',
  names: Record<keyof Surroundings, string[]>,
): Promise<LoadPackage> {
  const output = (await build({
    configFile: false,
    logLevel: 'error',
    define: { 'import.meta.server': String(side === 'server'), 'import.meta.url': '"file:///nuxt-auth/"' },
    plugins: [packagePlugin(readArchive(), names)],
    build: {
      write: false,
      minify: false,
      lib: { entry: `${ROOT}entry.js`, formats: ['iife'], name: 'nuxtAuth' },
    },
  })) as Rolldown.RolldownOutput[];
  const code = output[0]?.output[0].code ?? '';
  const run = compileFunction(`${code}\nreturn nuxtAuth;`, ['surroundings', '$fetch', 'document']) as (
    ...scope: unknown[]
  ) => unknown;
  return (surroundings, { $fetch, document }) => run(surroundings, $fetch, document);
}

function packagePlugin(files: Map<string, string>, names: Record<string, string[]>): Plugin {
  return {
    name: 'published-nuxt-auth',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (source in names || source in UNUSED) return `\0${source}`;
      if (source.startsWith(ROOT)) return source;
      if (!importer?.startsWith(ROOT)) return null;
      if (source.startsWith('.')) return posix.join(posix.dirname(importer), source);
      // Its other dependencies (h3, ufo, radix3, defu) are the ones that this repository has.
      return this.resolve(source, import.meta.filename, { skipSelf: true });
    },
    load(id) {
      if (id === `${ROOT}entry.js`) return ENTRY;
      if (id.startsWith(ROOT)) return files.get(id.slice(ROOT.length));
      const source = id.slice(1);
      if (!id.startsWith('\0')) return null;
      return UNUSED[source] ?? (source in names ? standIn(source, names[source] ?? []) : null);
    },
  };
}

function standIn(module: string, names: string[]): string {
  const lines = names.map((name) => `export const ${name} = surroundings['${module}'].${name};`);
  return [...lines, module === '#imports' ? OWN_IMPORTS : ''].join('\n');
}

/** The archive's files by their path inside the package (POSIX tar: headers of 512 bytes, contents padded to that). */
function readArchive(): Map<string, string> {
  const packed = readFileSync(ARCHIVE);
  const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`;
  if (integrity !== INTEGRITY) throw new Error('This is not the published package.');
  const tar = gunzipSync(packed);
  const files = new Map<string, string>();
  const text = (from: number, to: number): string => tar.toString('utf8', from, to).split('\0', 1)[0] ?? '';
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    files.set(text(at, at + 100).replace(/^package\//, ''), tar.toString('utf8', at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
