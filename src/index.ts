/** What a host application may import. Everything else is our own business and may change. */
export { AppModule } from './app.module.js';
export { createHttpAdapter } from './app.http.js';
export { configureApp } from './app.setup.js';
export { AuthModule } from './auth/auth.module.js';
export { AuthService } from './auth/auth.service.js';
export { JwtStrategy } from './auth/jwt.strategy.js';
export { emailVerified } from './auth/email-verified.requirement.js';
export { currentPrincipal, type Principal } from './auth/principal.js';
export {
  type Credentials,
  type Opening,
  type OpeningHook,
  type SignInAttempt,
  SignInService,
  type SignInStep,
} from './auth/sign-in.service.js';
export { type ClaimsHook, type TokenBundle, TokenBundles } from './auth/token-bundle.js';
export { type AnsweringHook, TokenTransport } from './auth/token-transport.js';
export { AccountModule } from './account/account.module.js';
export { AccountService, type Updating, type UpdatingHook } from './account/account.service.js';
export { Clock } from './common/clock.js';
export { DomainError, type DomainErrorOptions, type FieldError } from './common/domain-error.js';
export { GuestsOnly, OptionalAuth, Public } from './common/public.decorator.js';
export { type RequestContext, runInContext } from './common/request-context.js';
export { AppConfig } from './config/app-config.js';
export { type Environment, processEnvironment } from './config/environment.js';
export { ConfigurationError, loadConfig } from './config/load-config.js';
export { EmailAddressesModule } from './email-addresses/email-addresses.module.js';
export type { DomainEvent, EventType } from './events/domain-event.js';
export { DomainEvents } from './events/domain-events.js';
export { AccessDenied } from './guard/guard.errors.js';
export { JwtAuthGuard } from './guard/jwt-auth.guard.js';
export { CurrentPrincipal, CurrentUser } from './guard/principal.js';
export { type Circumstances, type Requirement, Requires, steppedUp } from './guard/requirements.js';
export { HealthModule } from './health/health.module.js';
export { OauthModule } from './oauth/oauth.module.js';
export { PasswordResetModule } from './password-reset/password-reset.module.js';
export { PasswordsService } from './passwords/passwords.service.js';
export { RegistrationModule } from './registration/registration.module.js';
export {
  type Registering,
  type Registration,
  type RegistrationHook,
  RegistrationService,
} from './registration/registration.service.js';
export { Session } from './sessions/session.entity.js';
export { SessionsService, type UserSession } from './sessions/sessions.service.js';
export type { AccessTokenClaims } from './tokens/access-token-claims.js';
export { getToken, type GetTokenOptions, type TokenClaims } from './tokens/get-token/get-token.js';
export { User } from './users/user.entity.js';
export { UserDto } from './users/user.dto.js';
export { UsersModule } from './users/users.module.js';
export { type NewUser, type Profile, UsersService } from './users/users.service.js';
