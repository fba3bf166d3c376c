import { DomainError } from '../common/domain-error.js';

/** Unknown, used, late, replaced by a newer one, or meant for something else: nobody learns which. */
export class LinkInvalid extends DomainError {
  constructor() {
    super(422, 'link_invalid', 'This link does not work any more; ask for a new one.');
  }
}
