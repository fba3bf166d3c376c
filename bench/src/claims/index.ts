import type { Claim } from '../claim.js';
import { channelOutage } from './channel-outage.js';
import { guardedRoute } from './guarded-route.js';
import { refresh } from './refresh.js';
import { revocation, revocationClient, revocationRedis } from './revocation.js';
import { scale } from './scale.js';
import { signIn } from './sign-in.js';
import { signInPressure } from './sign-in-pressure.js';
import { start } from './start.js';
import { statements } from './statements.js';
import { tokenCheck } from './token-check.js';

/** Everything that is measured, in this order. */
export const CLAIMS: readonly Claim[] = [
  guardedRoute,
  tokenCheck,
  statements,
  revocation,
  revocationRedis,
  revocationClient,
  channelOutage,
  signIn,
  signInPressure,
  refresh,
  scale,
  start,
];
