import { Module } from '@nestjs/common';
import { ActivityController } from './activity.controller.js';
import { ActivityService } from './activity.service.js';

/** `GET /api/user/activity`: what happened to one's account. */
@Module({ controllers: [ActivityController], providers: [ActivityService] })
export class ActivityModule {}
