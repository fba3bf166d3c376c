import { type FetchOptions, ofetch } from 'ofetch';
import * as vue from 'vue';
import { standIns } from './nuxt-imports.js';
import { bundleNuxtAuth, type LoadPackage, type Surroundings } from './published-package.js';

/** What `useAuth()` of the package gives. */
export interface Auth {
  status: vue.Ref<'loading' | 'authenticated' | 'unauthenticated'>;
  data: vue.Ref<unknown>;
  token: vue.Ref<string | null>;
  refreshToken: vue.Ref<string | null>;
  getSession(options?: object): Promise<unknown>;
  signIn(credentials: object, options?: object, parameters?: object, headers?: object): Promise<unknown>;
  signOut(options?: object): Promise<unknown>;
  signUp(credentials: object, options?: object): Promise<unknown>;
  refresh(options?: object): Promise<unknown>;
}

/** The options of the package that its stand-in reads, too. */
interface AuthOptions {
  sessionRefresh: object;
}

interface NuxtAuthPackage {
  module: { setup(options: object, nuxt: object): void };
  useAuth(): Auth;
  plugin(app: object): Promise<void>;
  refreshTokenPlugin: { setup(app: object): Promise<void> };
  DefaultRefreshHandler: new (options: object) => { init(): void; destroy(): void };
}

export interface SentRequest {
  method: string;
  path: string;
  authorization: string | null;
  body: unknown;
}

/** One browser: its cookies, and what it and the pages' server sent to the service on its behalf. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly requests: SentRequest[] = [];

  /** Another one with the same cookies, as a second tab that opens at this moment. */
  copy(): Browser {
    const copy = new Browser();
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }
}

/** A Nuxt application whose `nuxt.config.ts` has `auth: options`, reduced to what the package touches. */
export class NuxtApplication {
  /** The options with the package's own defaults, as its module computes them. */
  readonly runtimeConfig: { public: { auth: AuthOptions }; app: { baseURL: string } };
  /** The plugins that the package's module adds to the application. */
  readonly plugins: string[] = [];

  private constructor(
    private readonly onServer: LoadPackage,
    private readonly inBrowser: LoadPackage,
    options: object,
  ) {
    const nuxt = { options: { runtimeConfig: { public: {} as { auth: AuthOptions } } }, hook: () => {} };
    const loaded = this.load(
      this.onServer,
      this.surroundings(new Browser(), {}, undefined),
      new Browser(),
      [],
    );
    loaded.module.setup(options, nuxt);
    this.runtimeConfig = { ...nuxt.options.runtimeConfig, app: { baseURL: '/' } };
  }

  static async create(options: object): Promise<NuxtApplication> {
    const names = Object.fromEntries(
      Object.entries(standIns()).map(([module, exported]) => [module, Object.keys(exported)]),
    ) as Record<keyof Surroundings, string[]>;
    return new NuxtApplication(
      await bundleNuxtAuth('server', names),
      await bundleNuxtAuth('client', names),
      options,
    );
  }

  /** Opens a page: rendered on the server, then alive in the browser. */
  async open(browser: Browser): Promise<Page> {
    const state = JSON.parse(JSON.stringify(await this.render(browser))) as object;
    const listeners: (() => void)[] = [];
    const mounted: (() => void)[] = [];
    const surroundings = this.surroundings(browser, state, undefined);
    const loaded = this.load(this.inBrowser, surroundings, browser, listeners);
    const handler = new loaded.DefaultRefreshHandler(this.runtimeConfig.public.auth.sessionRefresh);
    Object.assign(surroundings['#imports']._refreshHandler, { init: () => handler.init() });
    await loaded.plugin(this.nuxtApp(undefined, mounted));
    mounted.forEach((hook) => hook());
    return {
      auth: loaded.useAuth(),
      focus: () => listeners.forEach((listener) => listener()),
      close: () => handler.destroy(),
    };
  }

  /** The server's part alone; gives the state that goes to the browser. */
  async render(browser: Browser): Promise<Record<string, unknown>> {
    const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
    const req = { headers: { host: 'localhost:3000', ...(cookie && { cookie }) } };
    const event = { path: '/', headers: new Headers(), node: { req, res: { appendHeader: () => {} } } };
    const state = {};
    const loaded = this.load(this.onServer, this.surroundings(browser, state, event), browser, []);
    const app = this.nuxtApp({ event }, []);
    if (this.plugins.some((path) => path.endsWith('refresh-token.server'))) {
      await loaded.refreshTokenPlugin.setup(app);
    }
    await loaded.plugin(app);
    await vue.nextTick();
    return values(state);
  }

  private load(load: LoadPackage, surroundings: Surroundings, browser: Browser, listeners: (() => void)[]) {
    const document = {
      visibilityState: 'visible',
      addEventListener: (_: string, listener: () => void) => listeners.push(listener),
      removeEventListener: () => {},
    };
    return load(surroundings, { $fetch: recordingFetch(browser), document }) as NuxtAuthPackage;
  }

  private nuxtApp(ssrContext: object | undefined, mounted: (() => void)[]): object {
    return {
      ssrContext,
      _route: { path: '/' },
      vueApp: { unmount: () => {} },
      hook: (name: string, work: () => void) => name === 'app:mounted' && mounted.push(work),
    };
  }

  private surroundings(browser: Browser, payload: object, event: object | undefined): Surroundings {
    const state = new Map(Object.entries(payload).map(([key, value]) => [key, vue.ref<unknown>(value)]));
    return standIns({
      useRuntimeConfig: () => this.runtimeConfig,
      useRequestEvent: () => event,
      useNuxtApp: () => this.nuxtApp(event && { event }, []),
      useCookie: (name: string) => cookieRef(browser, name),
      useState: (key: string, initial: () => unknown) => {
        const found = state.get(key) ?? vue.ref(initial());
        state.set(key, found);
        if (event) (payload as Record<string, unknown>)[key] = found;
        return found;
      },
      addPlugin: (path: string) => this.plugins.push(path),
    });
  }
}

export interface Page {
  auth: Auth;
  /** The person comes back to this tab. */
  focus(): void;
  close(): void;
}

/** As Nuxt's `useCookie`: reads once, and writes whenever its value changes. */
function cookieRef(browser: Browser, name: string): vue.Ref<string | null> {
  const cookie = vue.ref(browser.cookies.get(name) ?? null);
  vue.watch(
    cookie,
    (value) => {
      if (value === null) browser.cookies.delete(name);
      else browser.cookies.set(name, value);
    },
    { flush: 'sync' },
  );
  return cookie;
}

function recordingFetch(browser: Browser): typeof ofetch {
  return ofetch.create({
    onRequest: ({ request, options }: { request: unknown; options: FetchOptions }) => {
      browser.requests.push({
        method: String(options.method).toUpperCase(),
        path: new URL(String(request)).pathname,
        authorization: new Headers(options.headers).get('authorization'),
        body: options.body,
      });
    },
  });
}

function values(state: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, vue.unref(value as vue.Ref)]));
}
