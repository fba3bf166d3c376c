import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, type Observable, throwError } from 'rxjs';
import { orUnavailable } from '../database/database.errors.js';

/** Says 503 where the database is down: in a host application, whose filters do not know our database's errors. */
@Injectable()
export class DatabaseOutageInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => throwError(() => orUnavailable(error))));
  }
}
