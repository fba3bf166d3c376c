import { Delete, Get, HttpStatus, Param, Req, Res } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { StepUpRequired } from '../guard/guard.errors.js';
import type { Principal } from '../auth/principal.js';
import { CurrentPrincipal } from '../guard/principal.js';
import { Requires, steppedUp } from '../guard/requirements.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { TokenTransport } from '../auth/token-transport.js';
import { NotFound } from '../common/common.errors.js';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { Operation } from '../common/operation.decorator.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SessionDto } from './account.dto.js';
import { AccountService } from './account.service.js';

/** The signed-in user's own sessions (parity SS-09, SS-10). */
@RestController('user/sessions', 'account')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly account: AccountService,
    private readonly transport: TokenTransport,
  ) {}

  @Get()
  @Operation({ id: 'listSessions', summary: 'Every live session, the newest first', body: [SessionDto] })
  async list(@CurrentPrincipal() { user, session }: Principal): Promise<SessionDto[]> {
    return (await this.sessions.list(user.id)).map((live) => SessionDto.from(live, session.id));
  }

  @Delete()
  @Requires(steppedUp)
  @Operation({
    id: 'endOtherSessions',
    summary: 'End all sessions but this one',
    status: HttpStatus.NO_CONTENT,
    problems: [StepUpRequired],
  })
  endOthers(@CurrentPrincipal() { user, session }: Principal): Promise<void> {
    return this.sessions.endOthers(user.id, session.id);
  }

  @Delete(':id')
  @ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } })
  @Operation({
    id: 'endSession',
    summary: 'End one session; any but the current one needs a fresh sign-in',
    status: HttpStatus.NO_CONTENT,
    cookies: 'deleted',
    problems: [NotFound, StepUpRequired],
  })
  async end(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<void> {
    await this.account.endSession(principal, id);
    if (id === principal.session.id) this.transport.clear(request, response);
  }
}
