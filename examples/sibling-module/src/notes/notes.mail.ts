import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Outbox, type User, UsersService } from 'tokenhouse';
import { NotesService } from './notes.service.js';

const LETTER = 'your-notes';
const TEMPLATES = fileURLToPath(new URL('../../templates', import.meta.url));

/** A letter of this application, and a word in those of Tokenhouse. */
@Injectable()
export class NotesMail implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly users: UsersService,
    private readonly notes: NotesService,
  ) {}

  onModuleInit(): void {
    this.outbox.define(TEMPLATES, { [LETTER]: { kind: 'other', sample: { count: 2, last: 'Buy milk' } } });
    this.outbox.compose(LETTER, async ({ userId }: { userId: string }) => {
      const person = await this.users.findById(userId);
      const notes = person ? this.notes.of(person) : [];
      if (!person || notes.length === 0) return null;
      const variables = { count: notes.length, last: notes.at(-1)?.text };
      return { letter: LETTER, to: person.email, person, variables };
    });
    this.outbox.onRendering((rendering) => {
      rendering.variables = { ...rendering.variables, appName: 'Notes' };
    });
  }

  /** At most once an hour; false when it is too early. */
  send(user: User): Promise<boolean> {
    const pace = { key: `${LETTER} ${user.id}`, seconds: 3600 };
    return this.outbox.queue(LETTER, { userId: user.id }, undefined, pace);
  }
}
