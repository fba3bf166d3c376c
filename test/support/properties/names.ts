import fc from 'fast-check';

/** Fields that nobody may set, and names that reach for more than a field. */
export const unknownNames = fc.constantFrom(
  'id', 'userId', 'user_id', 'sub', 'role', 'roles', 'permissions', 'isAdmin', 'emailVerified', 'passwordHash', 'createdAt',
  'deletedAt', 'sessionId', 'sid', 'generation', 'access_token', 'redirect', '_method', '__proto__', 'constructor', 'prototype',
  'hasOwnProperty', 'a[__proto__][x]', 'then', 'toString', '$where',
); // prettier-ignore
