import { LinkTokenField, RedirectToField } from '../links/link.fields.js';
import { PasswordField } from '../passwords/password.fields.js';
import { EmailField } from '../users/user.fields.js';

export class ForgotPasswordDto {
  @EmailField() email: string;
  @RedirectToField() redirectTo?: string;
}

export class ResetPasswordDto {
  @LinkTokenField() token: string;
  @PasswordField() password: string;
}
