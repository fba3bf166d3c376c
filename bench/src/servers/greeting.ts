/** What every route that is compared answers. */
export const GREETING = { hello: 'world' };
