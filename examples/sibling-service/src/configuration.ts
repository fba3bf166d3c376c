import type { AuthClientOptions } from 'tokenhouse/client';

export interface Configuration {
  port: number;
  auth: AuthClientOptions;
}

/** Nothing of it is checked here: `AuthClientModule` says at the start everything that is wrong. */
export function readConfiguration(environment: NodeJS.ProcessEnv): Configuration {
  return {
    port: Number(environment.PORT ?? 4000),
    auth: {
      issuer: environment.TOKENHOUSE_ISSUER ?? '',
      clientId: environment.TOKENHOUSE_CLIENT_ID ?? '',
      clientSecret: environment.TOKENHOUSE_CLIENT_SECRET ?? '',
      url: environment.TOKENHOUSE_URL,
      onSilence: 'closed',
      silenceSeconds: 10,
    },
  };
}
