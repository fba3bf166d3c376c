import { Module } from '@nestjs/common';
import { MailModule } from 'tokenhouse';
import { NotesController } from './notes.controller.js';
import { NotesMail } from './notes.mail.js';
import { NotesService } from './notes.service.js';
import { ShareController } from './share.controller.js';

/** Imports `MailModule` for its letter; `AuthModule` is global once it is in the application. */
@Module({
  imports: [MailModule],
  controllers: [NotesController, ShareController],
  providers: [NotesService, NotesMail],
})
export class NotesModule {}
