import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { decodeClientDataJSON } from '@simplewebauthn/server/helpers';
import { ValidationFailed } from '../common/common.errors.js';

/** What an authenticator said, in the words of WebAuthn, section 5.1; nothing of it is proven yet. */
export interface AuthenticatorAnswer<Json> {
  readonly json: Json;
  readonly credentialId: Buffer;
  /** What it says to have signed, base64url. */
  readonly nonce: string;
  /** The page that asked it, as the browser says. */
  readonly origin: string;
  /** Whether that page was shown inside one of somebody else. */
  readonly isEmbedded: boolean;
}

const BASE64URL = /^[\w-]+$/;
/** 1023 bytes (WebAuthn, section 4, "Credential ID"). */
const MAX_ID_LENGTH = 1364;
const MAX_TRANSPORTS = 8;
const TRANSPORT = /^[a-z-]{1,32}$/;

/** What `navigator.credentials.create` gave, as JSON. @throws ValidationFailed when it is nothing of the kind */
export function readCreation(given: object): AuthenticatorAnswer<RegistrationResponseJSON> {
  return read(given, (response) => ({
    clientDataJSON: encoded(response, 'clientDataJSON'),
    attestationObject: encoded(response, 'attestationObject'),
    transports: transportsOf(response),
  }));
}

/** What `navigator.credentials.get` gave, as JSON. @throws ValidationFailed when it is nothing of the kind */
export function readAssertion(given: object): AuthenticatorAnswer<AuthenticationResponseJSON> {
  return read(given, (response) => ({
    clientDataJSON: encoded(response, 'clientDataJSON'),
    authenticatorData: encoded(response, 'authenticatorData'),
    signature: encoded(response, 'signature'),
    // Null where the authenticator keeps none.
    userHandle: member(response, 'userHandle') == null ? undefined : encoded(response, 'userHandle'),
  }));
}

function read<Response extends { clientDataJSON: string }>(
  given: object,
  readResponse: (response: object) => Response,
): AuthenticatorAnswer<PublicKeyJson<Response>> {
  const id = encoded(given, 'id');
  const response = member(given, 'response');
  if (id.length > MAX_ID_LENGTH || typeof response !== 'object' || response === null) throw unreadable();
  const json = {
    id,
    rawId: encoded(given, 'rawId'),
    type: 'public-key' as const,
    clientExtensionResults: {},
    response: readResponse(response),
  };
  const { challenge, origin, crossOrigin } = clientDataOf(json.response.clientDataJSON);
  if (typeof challenge !== 'string' || typeof origin !== 'string') throw unreadable();
  const credentialId = Buffer.from(id, 'base64url');
  return { json, credentialId, nonce: challenge, origin, isEmbedded: crossOrigin === true };
}

interface PublicKeyJson<Response> {
  id: string;
  rawId: string;
  type: 'public-key';
  clientExtensionResults: object;
  response: Response;
}

/** By the reader of the library that verifies it, so that both see the same. */
function clientDataOf(text: string): Partial<Record<string, unknown>> {
  try {
    return { ...decodeClientDataJSON(text) };
  } catch {
    throw unreadable();
  }
}

function transportsOf(response: object): string[] {
  const transports = member(response, 'transports');
  if (!Array.isArray(transports)) return [];
  const known = transports.filter((one): one is string => typeof one === 'string' && TRANSPORT.test(one));
  return [...new Set(known)].slice(0, MAX_TRANSPORTS);
}

/** A member that is bytes, as base64url. */
function encoded(source: object, name: string): string {
  const value = member(source, name);
  if (typeof value !== 'string' || !BASE64URL.test(value)) throw unreadable();
  return value;
}

function member(source: object, name: string): unknown {
  return (source as Partial<Record<string, unknown>>)[name];
}

function unreadable(): ValidationFailed {
  const message = 'Send what `PublicKeyCredential.toJSON()` gives.';
  return new ValidationFailed([{ field: 'passkey', code: 'is_passkey', message }]);
}
