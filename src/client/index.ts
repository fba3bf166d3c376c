/** `tokenhouse/client`: for a NestJS service that runs elsewhere. Loads neither TypeORM nor pg. */
export { DomainError, type DomainErrorOptions, type FieldError } from '../common/domain-error.js';
export { GuestsOnly, OptionalAuth, Public } from '../common/public.decorator.js';
export { type RequestContext, runInContext } from '../common/request-context.js';
export { ConfigurationError } from '../config/load-config.js';
export { AccessDenied } from '../guard/guard.errors.js';
export { JwtAuthGuard } from '../guard/jwt-auth.guard.js';
export { type BearerPrincipal, CurrentPrincipal, currentPrincipal, CurrentUser } from '../guard/principal.js';
export { type Circumstances, type Requirement, Requires, steppedUp } from '../guard/requirements.js';
export type { AccessTokenClaims } from '../tokens/access-token-claims.js';
export { AuthClient } from './auth-client.js';
export { type AuthClientAsyncOptions, AuthClientModule } from './auth-client.module.js';
export type { AuthClientOptions } from './auth-client.options.js';
