import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import {
  AppModule,
  Database,
  Public,
  Session,
  SessionsService,
  type TokenBundle,
  TokenBundles,
  User,
} from '../tokenhouse.js';
import { serve } from './calls.js';
import { GREETING } from './greeting.js';
import { startApp } from './start-app.js';

/** The service as it is, and beside it an open route, a guarded one, and one that does nothing but an UPDATE. */
@Controller('bench')
class BenchController {
  constructor(private readonly database: Database) {}

  @Public()
  @Get('open')
  open(): object {
    return GREETING;
  }

  @Get('guarded')
  guarded(): object {
    return GREETING;
  }

  /** The statement of a refresh (`SessionRotation`), and nothing around it. */
  @Public()
  @Post('update')
  async update(@Body() { sid, generation }: { sid: string; generation: number }): Promise<object> {
    const [[row]] = await this.database.query<[{ generation: number }[], number]>(
      `UPDATE sessions s SET generation = s.generation + 1, rotated_at = now(), last_seen_at = now(),
         idle_expires_at = least(s.expires_at, now() + make_interval(mins => $3))
       FROM users u
       WHERE s.id = $1 AND s.generation = $2 AND s.ended_at IS NULL AND s.idle_expires_at > now()
         AND u.id = s.user_id AND u.banned_at IS NULL AND u.deleted_at IS NULL
       RETURNING s.generation`,
      [sid, generation, 20_160],
    );
    return { sid, generation: row?.generation };
  }
}

@Module({ imports: [AppModule.forRoot(process.env)], controllers: [BenchController] })
class BenchModule {}

const app = await startApp(BenchModule);

const bundles = app.get(TokenBundles);

/** The tokens of a session that is there. */
async function issue(sid: string): Promise<TokenBundle> {
  const session = await app.get(SessionsService).find(sid);
  if (!session) throw new Error(`There is no session ${sid}.`);
  return bundles.issue(session);
}

/** The same without asking, for a session of `populate` that was never refreshed. */
function mint({ sid, userId }: { sid: string; userId: string }): TokenBundle {
  const [authenticatedAt, expiresAt] = [new Date(), new Date(Date.now() + 12 * 3_600_000)];
  const times = { authenticatedAt, expiresAt, idleExpiresAt: expiresAt };
  const session = Object.assign(new Session(), {
    id: sid,
    userId,
    generation: 0,
    methods: ['pwd'],
    ...times,
  });
  return bundles.issue({ session, user: Object.assign(new User(), { id: userId }) });
}

serve(await app.getUrl(), {
  issue: (sids: string[]) => Promise.all(sids.map(issue)),
  mint: (sessions: { sid: string; userId: string }[]) => sessions.map(mint),
});
