import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, type Observable, throwError } from 'rxjs';
import { Unavailable } from '../common/common.errors.js';
import { isDatabaseUnavailable } from '../database/database.errors.js';

/** Says 503 where the database is down: in a host application, whose filters do not know our database's errors. */
@Injectable()
export class DatabaseOutageInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const translate = (error: unknown): unknown =>
      isDatabaseUnavailable(error) ? new Unavailable(error) : error;
    return next.handle().pipe(catchError((error: unknown) => throwError(() => translate(error))));
  }
}
