import { Injectable } from '@nestjs/common';
import type { HttpRequest } from '../common/http.js';
import { findCredential } from '../guard/credential.js';
import type { BearerPrincipal } from '../guard/principal.js';
import { RequestAuthenticator } from '../guard/request-authenticator.js';
import { AuthClient } from './auth-client.js';
import { AuthClientSettings } from './auth-client.options.js';

/** Behind the guard: who a request speaks for, as far as it can be told here. */
@Injectable()
export class ClientAuthenticator extends RequestAuthenticator {
  constructor(
    private readonly client: AuthClient,
    private readonly settings: AuthClientSettings,
  ) {
    super();
  }

  authenticateRequest(request: HttpRequest): BearerPrincipal | null | Promise<BearerPrincipal> {
    // There is no origin rule here, so cookies count for safe methods alone.
    const names = { always: [], safeMethods: this.settings.cookieNames };
    const credential = findCredential(request, names);
    return credential && this.client.authenticate(credential.token, credential.from);
  }
}
