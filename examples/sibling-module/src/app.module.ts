import { type DynamicModule, Module } from '@nestjs/common';
import {
  AccountModule,
  AuthModule,
  EmailAddressesModule,
  type Environment,
  PasswordResetModule,
  RegistrationModule,
} from 'tokenhouse';
import { NotesModule } from './notes/notes.module.js';

/** An application with notes of its own, and with people who sign in. */
@Module({
  imports: [RegistrationModule, EmailAddressesModule, PasswordResetModule, AccountModule, NotesModule],
})
export class AppModule {
  static forRoot(environment: Environment): DynamicModule {
    return { module: AppModule, imports: [AuthModule.forRoot(environment)] };
  }
}
