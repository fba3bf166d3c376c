import { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

const LOOK_MS = 20;
const PATIENCE_MS = 500;

/**
 * When the service stops, nobody is taken any more, and every answer says that it is its connection's last. Idle
 * connections are closed only once that had time to reach who uses them: a request that is on its way just then would
 * never be answered (RES-10).
 */
export function drainConnections(fastify: FastifyInstance): void {
  let stopping = false;
  // Fastify says so to what comes from then on, and not to what is being answered.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done();
  });
  fastify.addHook('preClose', async () => {
    stopping = true;
    // That of `node:http` would close the idle ones with it.
    Server.prototype.close.call(fastify.server);
    const untilMs = performance.now() + PATIENCE_MS;
    while (performance.now() < untilMs && (await openConnections(fastify)) > 0) await delay(LOOK_MS);
  });
}

function openConnections({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
