import { Body, Controller, NotFoundException, Post, UseGuards } from '@nestjs/common';
import { JwtAuthGuard, Public } from 'tokenhouse';
import { type Note, NotesService } from './notes.service.js';

/** The three methods of `AuthService` at work. */
@Controller('share')
@UseGuards(JwtAuthGuard)
export class ShareController {
  constructor(private readonly notes: NotesService) {}

  @Post('token')
  async token(): Promise<{ token: string | null }> {
    return { token: await this.notes.tokenForJob() };
  }

  @Public()
  @Post('read')
  async read(@Body('token') token: string): Promise<Note[]> {
    const notes = await this.notes.ofToken(token);
    if (!notes) throw new NotFoundException();
    return notes;
  }
}
