import { Controller, Get, Header } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { Unavailable } from '../common/common.errors.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { Database } from '../database/database.js';

export class HealthDto {
  @ApiProperty({ enum: ['ok'] }) status: 'ok';
}

/** Probes; they say yes or no and nothing else. */
@Public()
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly database: Database) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  @Operation({ id: 'getLiveness', summary: 'The process runs', body: HealthDto })
  live(): HealthDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'getReadiness',
    summary: 'The service can do its work',
    body: HealthDto,
    problems: [Unavailable],
  })
  async ready(): Promise<HealthDto> {
    await this.database.query('SELECT 1').catch((error: unknown) => {
      throw new Unavailable(error);
    });
    return { status: 'ok' };
  }
}
