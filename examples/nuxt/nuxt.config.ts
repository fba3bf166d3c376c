export default defineNuxtConfig({
  compatibilityDate: '2026-01-01',
  devServer: { port: 3001 },
  modules: ['@sidebase/nuxt-auth'],
  auth: {
    baseURL: 'http://localhost:3000/api/auth',
    provider: {
      type: 'local',
      token: { maxAgeInSeconds: 60 * 60 }, // BEARER_TOKEN_TTL, in seconds
      refresh: {
        isEnabled: true,
        token: { maxAgeInSeconds: 24 * 60 * 60 }, // SESSION_TTL, in seconds
      },
      session: {
        dataType: {
          user: { id: 'string', email: 'string', name: 'string | null', emailVerified: 'boolean' },
          expires: 'string',
        },
      },
    },
  },
  // Cookies that travel over https only.
  $production: {
    auth: {
      provider: {
        type: 'local',
        token: { secureCookieAttribute: true },
        refresh: { token: { secureCookieAttribute: true } },
      },
    },
  },
});
