import { Get, Header, Query } from '@nestjs/common';
import { RestController } from '../auth/rest-controller.decorator.js';
import { ValidationFailed } from '../common/common.errors.js';
import { Operation } from '../common/operation.decorator.js';
import { BEGINNING_OF_NEWS, type NewsCursor } from '../news/news-log.js';
import { ServiceClientOnly } from '../service-clients/service-client.guard.js';
import { InsufficientScope, InvalidClient } from '../service-clients/service-clients.errors.js';
import { RevocationCursors } from './revocation-cursors.js';
import { RevocationsDto, RevocationsQuery } from './revocations.dto.js';
import { RevocationsService } from './revocations.service.js';

/** The feed that keeps verifiers elsewhere as current as this service (parity BT-18). */
@RestController('revocations', 'oauth')
export class RevocationsController {
  constructor(
    private readonly revocations: RevocationsService,
    private readonly cursors: RevocationCursors,
  ) {}

  @ServiceClientOnly('revocations:read')
  @Get()
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'listRevocations',
    summary: 'What was revoked since the last answer',
    description:
      'With `wait` it is answered when something is revoked, or when the time is over. An answer that goes on from one ' +
      'without more, and has no more itself, holds everything up to the time of the question at least; after several ' +
      'pages, ask once more. Whoever gets `validation_failed` for `after` begins again without it.',
    body: RevocationsDto,
    problems: [InvalidClient, InsufficientScope],
  })
  async list(@Query() { after, wait = '0' }: RevocationsQuery): Promise<RevocationsDto> {
    const page = await this.revocations.follow(this.placeOf(after), Number(wait) * 1000);
    return RevocationsDto.from(page, this.cursors.seal(page.cursor));
  }

  private placeOf(after: string | undefined): NewsCursor {
    if (after === undefined) return BEGINNING_OF_NEWS;
    const cursor = this.cursors.open(after);
    if (cursor === null) {
      throw new ValidationFailed([
        { field: 'after', code: 'unknown', message: 'after is not a cursor of ours' },
      ]);
    }
    return cursor;
  }
}
