import { applyDecorators, Controller, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RequestPipe } from '../common/request.pipe.js';
import { DatabaseOutageInterceptor } from './database-outage.interceptor.js';
import { JwtAuthGuard } from '../guard/jwt-auth.guard.js';

/** A controller of ours: guarded and strict about its input by itself, in any application it is mounted in. */
export const RestController = (path: string, tag: string): ClassDecorator =>
  applyDecorators(
    Controller(path),
    ApiTags(tag),
    UseGuards(JwtAuthGuard),
    UseInterceptors(DatabaseOutageInterceptor),
    UsePipes(RequestPipe),
  );
