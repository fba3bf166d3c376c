const string = { type: 'string' } as const;
const time = { type: 'integer', description: 'Seconds since 1970.' } as const;

/** The answer of introspection; open, because the claims that a host application adds are in it. */
export const INTROSPECTION = {
  type: 'object',
  required: ['active'],
  additionalProperties: true,
  properties: {
    active: { type: 'boolean', description: 'When false, nothing else is said.' },
    token_type: { type: 'string', enum: ['Bearer'], description: 'Of an access token.' },
    iss: string,
    aud: string,
    sub: { type: 'string', format: 'uuid', description: "The user's id." },
    sid: { type: 'string', format: 'uuid', description: "The session's id." },
    client_id: string,
    username: string,
    jti: string,
    iat: time,
    nbf: time,
    exp: time,
    auth_time: time,
    amr: { type: 'array', items: string },
  },
};
