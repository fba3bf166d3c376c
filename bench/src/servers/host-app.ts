import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { AppModule, Database, Public } from '../tokenhouse.js';
import { serve } from './calls.js';
import { GREETING } from './greeting.js';
import { startApp } from './start-app.js';
import { tokenIssuer } from './token-issuer.js';

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
       RETURNING s.*, u.*`,
      [sid, generation, 20_160],
    );
    return { sid, generation: row?.generation };
  }
}

@Module({ imports: [AppModule.forRoot(process.env)], controllers: [BenchController] })
class BenchModule {}

const app = await startApp(BenchModule);

serve(await app.getUrl(), tokenIssuer(app));
