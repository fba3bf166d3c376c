import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Replaced below. */
export function recordExchange(_app: NestFastifyApplication): void {}
