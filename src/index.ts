/**
 * What a host application may import; what belongs to a feature has a door of its own, e.g. `tokenhouse/registration`.
 * Everything else is our own business and may change.
 */
export { AppModule } from './app.module.js';
export { createHttpAdapter } from './app.http.js';
export { configureApp } from './app.setup.js';
export { AuthModule } from './auth/auth.module.js';
export { AuthService } from './auth/auth.service.js';
export { JwtStrategy } from './auth/jwt.strategy.js';
export { emailVerified } from './auth/email-verified.requirement.js';
export { currentPrincipal, type Principal } from './auth/principal.js';
export { type Credentials, type Opening, type OpeningHook, SignInService } from './auth/sign-in.service.js';
export { Challenge } from './auth/challenge.js';
export type { SecondProof, SignInAttempt, SignInStep } from './auth/sign-in-attempt.js';
export { type ClaimsHook, type TokenBundle, TokenBundles, type Transport } from './auth/token-bundle.js';
export { type AnsweringHook, TokenTransport } from './auth/token-transport.js';
export { Clock } from './common/clock.js';
export { DomainError, type DomainErrorOptions, type FieldError } from './common/domain-error.js';
export { GuestsOnly, OptionalAuth, Public } from './common/public.decorator.js';
export { type RequestContext, runInContext } from './common/request-context.js';
export { AppConfig } from './config/app-config.js';
export { type Environment, processEnvironment } from './config/environment.js';
export { ConfigurationError, loadConfig } from './config/load-config.js';
export { Database } from './database/database.js';
// All of it, so that a host application can declare events of its own (docs/events.md).
export type * from './events/domain-event.js';
export { DomainEvents } from './events/domain-events.js';
export { AccessDenied } from './guard/guard.errors.js';
export { JwtAuthGuard } from './guard/jwt-auth.guard.js';
export { CurrentPrincipal, CurrentUser } from './guard/principal.js';
export {
  type Circumstances,
  Exempt,
  type Requirement,
  Requires,
  StandingRequirements,
  steppedUp,
} from './guard/requirements.js';
export type { Envelope, LetterVariables, Person } from './mail/envelope.js';
export type { LocaleHook, Rendering, RenderingHook } from './mail/letter-hooks.js';
export type { LetterDefinition, LetterKind } from './mail/letters.js';
export { MailModule } from './mail/mail.module.js';
export { type Composer, Outbox, type Pace } from './mail/outbox.js';
export type { EventNotice, NoticeDefinition, NoticeOptions } from './notices/notice.js';
export { NoticesModule } from './notices/notices.module.js';
export { Notices } from './notices/notices.service.js';
export { HashNotSupported } from './passwords/passwords.errors.js';
export { PasswordsService } from './passwords/passwords.service.js';
export { Session } from './sessions/session.entity.js';
export { SessionsService, type UserSession } from './sessions/sessions.service.js';
export type { AccessTokenClaims } from './tokens/access-token-claims.js';
export { getToken, type GetTokenOptions, type TokenClaims } from './tokens/get-token/get-token.js';
export { MailRecipients } from './users/mail-recipients.service.js';
export { User } from './users/user.entity.js';
export { UserDto } from './users/user.dto.js';
export { UsersModule } from './users/users.module.js';
export { type NewUser, type Profile, UsersService } from './users/users.service.js';
