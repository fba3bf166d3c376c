import { type BearerPrincipal, currentPrincipal as currentBearer } from '../guard/principal.js';
import type { UserSession } from '../sessions/sessions.service.js';

/** Who a request speaks for, with the rows of the user and of the session as the service knows them. */
export type Principal = BearerPrincipal & Readonly<UserSession>;

/** The principal of the request being served; null for an anonymous one and outside of requests. */
export const currentPrincipal: () => Principal | null = currentBearer;
