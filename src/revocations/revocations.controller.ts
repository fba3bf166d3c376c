import { Get, Header, Query } from '@nestjs/common';
import { RestController } from '../auth/rest-controller.decorator.js';
import { Operation } from '../common/operation.decorator.js';
import { AppConfig } from '../config/app-config.js';
import { SealedCursors } from '../config/sealed-cursors.js';
import { BEGINNING_OF_NEWS } from '../news/news-log.js';
import { ServiceClientOnly } from '../service-clients/service-client.guard.js';
import { InsufficientScope, InvalidClient } from '../service-clients/service-clients.errors.js';
import { RevocationsDto, RevocationsQuery } from './revocations.dto.js';
import { RevocationsService } from './revocations.service.js';

/** The feed that keeps verifiers elsewhere as current as this service (parity BT-18). */
@RestController('revocations', 'oauth')
export class RevocationsController {
  private readonly cursors: SealedCursors;

  constructor(
    private readonly revocations: RevocationsService,
    config: AppConfig,
  ) {
    this.cursors = new SealedCursors(config, 'revocations');
  }

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
    const place = after === undefined ? BEGINNING_OF_NEWS : this.cursors.open(after, 'after');
    const page = await this.revocations.follow(place, Number(wait) * 1000);
    return RevocationsDto.from(page, this.cursors.seal(page.cursor));
  }
}
