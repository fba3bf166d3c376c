import { Body, Controller, Get, Post, UseGuards } from '@nestjs/common';
import { CurrentUser, emailVerified, JwtAuthGuard, Public, Requires, User } from 'tokenhouse';
import { NotesMail } from './notes.mail.js';
import { type Note, NotesService } from './notes.service.js';

@Controller('notes')
@UseGuards(JwtAuthGuard)
export class NotesController {
  constructor(
    private readonly notes: NotesService,
    private readonly mail: NotesMail,
  ) {}

  @Get()
  list(@CurrentUser() user: User): Note[] {
    return this.notes.of(user);
  }

  @Post()
  add(@CurrentUser() user: User, @Body('text') text: string): Note {
    return this.notes.add(user, text);
  }

  @Post('mail')
  async sendMail(@CurrentUser() user: User): Promise<{ queued: boolean }> {
    return { queued: await this.mail.send(user) };
  }

  /** Only for people whose address is proven: 403 `email_not_verified` otherwise. */
  @Get('export')
  @Requires(emailVerified)
  export(@CurrentUser() user: User): { notes: Note[] } {
    return { notes: this.notes.of(user) };
  }

  /** Open to everyone, although the controller is guarded. */
  @Public()
  @Get('about')
  about(): { about: string } {
    return { about: 'Notes of people who sign in' };
  }
}
