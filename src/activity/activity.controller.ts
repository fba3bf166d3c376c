import { Get, Query } from '@nestjs/common';
import { RestController } from '../auth/rest-controller.decorator.js';
import { Operation } from '../common/operation.decorator.js';
import { CurrentUser } from '../guard/principal.js';
import type { User } from '../users/user.entity.js';
import { ActivityDto, ActivityQuery } from './activity.dto.js';
import { ActivityService } from './activity.service.js';

/** What happened to the signed-in user's account (parity AL-02). Nobody changes or deletes it. */
@RestController('user/activity', 'account')
export class ActivityController {
  constructor(private readonly activity: ActivityService) {}

  @Get()
  @Operation({
    id: 'listActivity',
    summary: 'What happened to the account, the newest first',
    description:
      'With the `nextCursor` of an answer, and the same filters, the next one goes on where it ended.',
    body: ActivityDto,
  })
  async list(@CurrentUser() user: User, @Query() query: ActivityQuery): Promise<ActivityDto> {
    return ActivityDto.from(await this.activity.listOwn(user.id, query.filter(), query.paging()));
  }
}
