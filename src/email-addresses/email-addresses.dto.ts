import { LinkTokenField, RedirectToField } from '../links/link.fields.js';
import { PasswordField } from '../passwords/password.fields.js';
import { EmailField } from '../users/user.fields.js';

export class LinkTokenDto {
  @LinkTokenField() token: string;
}

export class VerificationRequestDto {
  @EmailField() email: string;
  @RedirectToField() redirectTo?: string;
}

export class ResendVerificationDto {
  @RedirectToField() redirectTo?: string;
}

export class ChangeEmailDto {
  @EmailField() email: string;
  @PasswordField() password: string;
  @RedirectToField() redirectTo?: string;
}
