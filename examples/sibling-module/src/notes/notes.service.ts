import { Injectable } from '@nestjs/common';
import { AuthService, type User } from 'tokenhouse';

export interface Note {
  author: string;
  text: string;
}

@Injectable()
export class NotesService {
  private readonly notes = new Map<string, Note[]>();

  constructor(private readonly auth: AuthService) {}

  of(user: User): Note[] {
    return this.notes.get(user.id) ?? [];
  }

  add(user: User, text: string): Note {
    const note = { author: user.email, text };
    this.notes.set(user.id, [...this.of(user), note]);
    return note;
  }

  /** A token that a job or another service may use in the name of whoever asks. */
  async tokenForJob(): Promise<string | null> {
    return this.auth.getBearerToken();
  }

  /** The notes of whoever a token belongs to, e.g. one that came in a message instead of a header. */
  async ofToken(token: string): Promise<Note[] | null> {
    const user = await this.auth.checkBearerToken(token);
    return user ? this.of(user) : null;
  }
}
