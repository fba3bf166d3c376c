import type { AppConfig } from '../config/app-config.js';

/** After one TTL and the leeway no token is left that an item of news could be about (parity BT-18). */
export function newsLifetimeSeconds({ bearerToken }: AppConfig): number {
  return bearerToken.ttlMinutes * 60 + bearerToken.leewaySeconds;
}
