import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule, type Environment } from 'tokenhouse';
import { AccountModule } from 'tokenhouse/account';
import { EmailAddressesModule } from 'tokenhouse/email-addresses';
import { PasswordResetModule } from 'tokenhouse/password-reset';
import { RegistrationModule } from 'tokenhouse/registration';
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
