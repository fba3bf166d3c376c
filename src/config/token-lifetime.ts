import type { AppConfig } from './app-config.js';

/** After this no access token is left that was made before: one TTL and the leeway. */
export function tokenLifetimeSeconds({ bearerToken }: Pick<AppConfig, 'bearerToken'>): number {
  return bearerToken.ttlMinutes * 60 + bearerToken.leewaySeconds;
}
