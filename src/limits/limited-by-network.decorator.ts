import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  mixin,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { catchError, type Observable } from 'rxjs';
import { DomainError } from '../common/domain-error.js';
import type { BudgetName } from './budgets.js';
import { Limits } from './limits.js';

/**
 * Takes a point of these budgets for every request of a network to a route, whatever comes of it. A body that does not
 * fit gives it back: it gets nobody anywhere.
 */
export const LimitedByNetwork = (...budgets: BudgetName[]): MethodDecorator =>
  UseInterceptors(interceptorFor(budgets));

function interceptorFor(budgets: BudgetName[]): Type<NestInterceptor> {
  @Injectable()
  class NetworkLimitInterceptor implements NestInterceptor {
    constructor(private readonly limits: Limits) {}

    async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const spent = await this.limits.spendHere(...budgets);
      return next.handle().pipe(
        catchError(async (error: unknown) => {
          if (error instanceof DomainError && error.status === 400) await this.limits.refund(spent);
          throw error;
        }),
      );
    }
  }
  return mixin(NetworkLimitInterceptor);
}
