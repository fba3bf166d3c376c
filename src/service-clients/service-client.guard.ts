import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import type { HttpRequest } from '../common/http.js';
import { Public } from '../common/public.decorator.js';
import { currentContext } from '../common/request-context.js';
import { readClientCredentials } from './client-credentials.js';
import type { ServiceClientScope } from './service-client.entity.js';
import { InsufficientScope, InvalidClient } from './service-clients.errors.js';
import { ServiceClientsService } from './service-clients.service.js';

const SCOPE = 'tokenhouse:service-client-scope';

/** Lets a request through when it brings the credentials of a service client that has the route's scope. */
@Injectable()
export class ServiceClientGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly clients: ServiceClientsService,
  ) {}

  /** @throws InvalidClient, InsufficientScope, MalformedRequest, Unavailable when the database cannot be asked */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const scope = this.reflector.getAllAndOverride<ServiceClientScope>(SCOPE, targets);
    const credentials = readClientCredentials(context.switchToHttp().getRequest<HttpRequest>());
    const client = credentials && (await this.clients.authenticate(credentials));
    if (!client) throw new InvalidClient();
    if (!client.scopes.includes(scope)) throw new InsufficientScope(scope);
    const request = currentContext();
    if (request) request.serviceClient = { id: client.id };
    return true;
  }
}

/**
 * Opens a route to service clients with this scope and to nobody else; people's tokens are not read. Its module
 * imports `ServiceClientsModule`.
 */
export const ServiceClientOnly = (scope: ServiceClientScope): MethodDecorator & ClassDecorator =>
  applyDecorators(
    Public(),
    SetMetadata(SCOPE, scope),
    UseGuards(ServiceClientGuard),
    ApiSecurity('serviceClient'),
  );
