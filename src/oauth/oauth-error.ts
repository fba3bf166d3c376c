import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { DomainError } from '../common/domain-error.js';
import { defineErrorFormat } from '../common/error-format.js';

export class OauthErrorDto {
  @ApiProperty({ description: 'Stable; decide by this one.' }) error: string;
  @ApiPropertyOptional({ description: 'What is wrong, in plain words.' }) error_description?: string;
}

/** Errors in the words of OAuth (RFC 6749, section 5.2). */
export const OAUTH_ERROR = defineErrorFormat({
  name: 'oauth',
  mediaType: 'application/json',
  model: OauthErrorDto,
  nameMember: 'error',
  nameOf,
  bodyOf: (error): OauthErrorDto => ({ error: nameOf(error), error_description: descriptionOf(error) }),
});

/** Codes of ours that OAuth knows under the same name. */
const SHARED = new Set(['invalid_client', 'insufficient_scope', 'access_denied']);

function nameOf({ status, code }: DomainError): string {
  if (SHARED.has(code)) return code;
  if (status === 403) return 'access_denied';
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status < 500 ? 'invalid_request' : 'server_error';
}

function descriptionOf({ message, errors }: DomainError): string {
  return errors ? `${errors.map((each) => each.message).join('; ')}.` : message;
}
