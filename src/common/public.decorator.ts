import { type CustomDecorator, SetMetadata } from '@nestjs/common';

export const ACCESS = 'tokenhouse:access';

/** How a route treats the caller's token. An unmarked route needs one. */
export type Access = 'required' | 'optional' | 'public' | 'guest';

/** Opens a route to everyone; the token, if any, is not even read. */
export const Public = (): CustomDecorator => SetMetadata(ACCESS, 'public' satisfies Access);

/** A token may be absent; one that is sent must be good. */
export const OptionalAuth = (): CustomDecorator => SetMetadata(ACCESS, 'optional' satisfies Access);

/** Only for callers without a token (parity BT-17). */
export const GuestsOnly = (): CustomDecorator => SetMetadata(ACCESS, 'guest' satisfies Access);
