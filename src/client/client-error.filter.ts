import { Catch } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { DomainErrorFilter } from '../common/domain-error.filter.js';
import { ServiceSilent } from './client.errors.js';

/** While the service is silent nearly every request is refused: the log tells of the silence, and not of each of them. */
@Catch(DomainError)
export class ClientErrorFilter extends DomainErrorFilter {
  protected override log(error: DomainError, requestId: string): void {
    if (!(error instanceof ServiceSilent)) super.log(error, requestId);
  }
}
