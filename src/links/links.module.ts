import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { EventsModule } from '../events/events.module.js';
import { CreateOneTimeLinks1764000003000 } from './migrations/1764000003000-create-one-time-links.js';
import { OneTimeLink } from './one-time-link.entity.js';
import { OneTimeLinks } from './one-time-links.service.js';

@Module({
  imports: [DatabaseModule.forFeature([OneTimeLink], [CreateOneTimeLinks1764000003000]), EventsModule],
  providers: [OneTimeLinks],
  exports: [OneTimeLinks],
})
export class LinksModule {}
