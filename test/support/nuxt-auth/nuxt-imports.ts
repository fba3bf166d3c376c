import * as vue from 'vue';
import type { Surroundings } from './published-package.js';

/** The rest of Nuxt that the package names: things that only define, redirect, or are not reached here. */
export function standIns(own: Record<string, unknown> = {}): Surroundings {
  const nothing = (): void => {};
  const same = (value: unknown): unknown => value;
  const callWithNuxt = (
    _: unknown,
    work: (...values: unknown[]) => unknown,
    values: unknown[] = [],
  ): unknown => work(...values);
  const composables = {
    useRuntimeConfig: nothing, useRequestEvent: nothing, useNuxtApp: nothing, useCookie: nothing, useState: nothing,
    useRoute: () => ({ query: {}, path: '/' }), useRouter: nothing, navigateTo: nothing, onMounted: nothing,
    nextTick: vue.nextTick, defineNuxtPlugin: same, defineNuxtRouteMiddleware: same, addRouteMiddleware: nothing,
    _refreshHandler: { init: nothing, destroy: nothing }, callWithNuxt, ...own,
  }; // prettier-ignore
  const kit = {
    defineNuxtModule: same,
    useLogger: () => ({ info: nothing, success: nothing, warn: nothing }),
    createResolver: () => ({ resolve: same }),
    resolvePath: same,
    addTemplate: () => ({ dst: 'refreshHandler.ts' }),
    addImports: nothing,
    addTypeTemplate: nothing,
    addRouteMiddleware: nothing,
    addServerPlugin: nothing,
    addPlugin: own.addPlugin ?? nothing,
  };
  return {
    '#imports': composables,
    '#app': composables,
    '#app/nuxt': { callWithNuxt },
    '@nuxt/kit': kit,
    vue,
  };
}
