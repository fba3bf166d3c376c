import type { FastifyInstance } from 'fastify';
import { standardOutput } from './app.log-lines.js';
import { LogSampling } from './app.log-sampling.js';
import type { Clock } from './common/clock.js';

/**
 * One line a request, of the form of Nest's own JSON lines: never a query, which may hold what somebody pasted. It is put
 * together here because Nest's logger would take a tenth of the time of the whole request for it. Of refusals, each status
 * for itself, there may be more than anybody wants to read.
 */
export function logRequests(fastify: FastifyInstance, clock: Clock): void {
  const refusals = new Map<number, LogSampling>();
  const passedOver = (status: number, nowMs: number): number | null => {
    if (status < 400) return 0;
    const sampling = refusals.get(status) ?? new LogSampling();
    refusals.set(status, sampling);
    return sampling.take(nowMs);
  };
  fastify.addHook('onResponse', (request, reply, done) => {
    const { method, ip, id, routeOptions } = request;
    const nowMs = clock.nowMs();
    const unlogged = passedOver(reply.statusCode, nowMs);
    if (unlogged === null) return done();
    standardOutput.write(
      `{"level":"log","pid":${process.pid},"timestamp":${nowMs},"message":{"method":"${method}",` +
        `"route":${JSON.stringify(routeOptions.url ?? '(none)')},"status":${reply.statusCode},` +
        `"ms":${Math.round(reply.elapsedTime)},"ip":${JSON.stringify(ip ?? null)},"requestId":${JSON.stringify(id)}` +
        `${unlogged > 0 ? `,"unlogged":${unlogged}` : ''}},"context":"Http"}`,
    );
    done();
  });
}
