import { Module } from '@nestjs/common';
import { NotesController } from './notes.controller.js';
import { NotesService } from './notes.service.js';
import { ShareController } from './share.controller.js';

/** Imports nothing of Tokenhouse: `AuthModule` is global once it is in the application. */
@Module({ controllers: [NotesController, ShareController], providers: [NotesService] })
export class NotesModule {}
