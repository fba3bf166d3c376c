import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const ACCESS = 'tokenhouse:access';
/** Tells the OpenAPI document how a route is guarded; replaced by `security` there. */
export const ACCESS_EXTENSION = 'x-access';

/** How a route treats the caller's token. An unmarked route needs one. */
export type Access = 'required' | 'optional' | 'public' | 'guest';

type RouteDecorator = MethodDecorator & ClassDecorator;

const access = (value: Access): RouteDecorator =>
  applyDecorators(SetMetadata(ACCESS, value), ApiExtension(ACCESS_EXTENSION, value));

/** Opens a route to everyone; the token, if any, is not even read. */
export const Public = (): RouteDecorator => access('public');

/** A token may be absent; one that is sent must be good. */
export const OptionalAuth = (): RouteDecorator => access('optional');

/** Only for callers without a token (parity BT-17). */
export const GuestsOnly = (): RouteDecorator => access('guest');
