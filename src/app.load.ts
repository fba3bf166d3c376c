import { getHeapStatistics } from 'node:v8';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import { Overloaded } from './common/common.errors.js';

/** On average of a second, for every turn of the event loop: each request then waits several of these. */
const MAX_EVENT_LOOP_DELAY_MS = 1_000;
/** Of what V8 may take before it ends the process. */
const MAX_HEAP_SHARE = 0.9;

/**
 * Refuses requests at once when the process falls behind, or is about to run out of memory: those that it takes it can
 * answer (RES-11, RES-12). Liveness answers nevertheless, because restarting would only add to the work.
 */
export function shedLoad(fastify: FastifyInstance): void {
  void fastify.register(underPressure, {
    maxEventLoopDelay: MAX_EVENT_LOOP_DELAY_MS,
    maxHeapUsedBytes: MAX_HEAP_SHARE * getHeapStatistics().heap_size_limit,
    pressureHandler: async ({ routeOptions }) => {
      if (routeOptions.url !== '/health/live') throw new Overloaded();
    },
  });
}
