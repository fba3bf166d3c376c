import { Injectable } from '@nestjs/common';
import { dictionary } from '@zxcvbn-ts/language-common';
import type { FieldError } from '../common/domain-error.js';
import { AppConfig } from '../config/app-config.js';
import { BreachCheck } from './breach-check.js';
import { WeakPassword } from './passwords.errors.js';

/** What a password must not be made of. */
export interface PasswordOwner {
  email: string;
  username?: string | null;
  firstName?: string | null;
  lastName?: string | null;
}

/** Letters that a password must have besides the owner's own words. */
const MIN_OWN_LETTERS = 4;
const COMPROMISED = { code: 'compromised', message: 'It is in a list of passwords that were stolen.' };
const COMMON = new Set(dictionary['passwords-common']);

/** The rules for new passwords (parity PW-05). Signing in never applies them. */
@Injectable()
export class PasswordPolicy {
  constructor(
    private readonly config: AppConfig,
    private readonly breaches: BreachCheck,
  ) {}

  /** @throws WeakPassword that lists every broken rule, in the field `field` */
  async assert(password: string, owner: PasswordOwner, field: 'password' | 'newPassword'): Promise<void> {
    const text = password.normalize('NFC');
    const compromised = await this.breaches.isCompromised(text);
    const broken = [...this.brokenRules(text, owner), ...(compromised ? [COMPROMISED] : [])];
    if (broken.length > 0) throw new WeakPassword(broken.map((rule) => ({ field, ...rule })));
  }

  private brokenRules(password: string, owner: PasswordOwner): Omit<FieldError, 'field'>[] {
    const { minLength, requireMixedCase, requireNumber, requireSymbol } = this.config.passwords;
    const mixed = /\p{Ll}/u.test(password) && /\p{Lu}/u.test(password);
    return [
      [[...password].length < minLength, 'too_short', `It needs at least ${minLength} characters.`],
      [isCommon(password), 'too_common', 'It is one of the passwords that are guessed first.'],
      [isOwnWord(password, this.ownWords(owner)), 'too_personal', 'It is made of your own name or address.'],
      [requireMixedCase && !mixed, 'needs_mixed_case', 'It needs upper-case and lower-case letters.'],
      [requireNumber && !/\p{N}/u.test(password), 'needs_number', 'It needs a number.'],
      [requireSymbol && !/[^\p{L}\p{N}\s]/u.test(password), 'needs_symbol', 'It needs a symbol.'],
    ].flatMap(([broken, code, message]) =>
      broken ? [{ code: String(code), message: String(message) }] : [],
    );
  }

  private ownWords({ email, username, firstName, lastName }: PasswordOwner): string[] {
    const [local = '', domain = ''] = email.split('@');
    const host = new URL(this.config.http.publicUrl).hostname;
    const names = [local, username, firstName, lastName, ...local.split(/[._+-]/), ...domain.split('.')];
    const words = [email, domain, host, ...host.split('.'), 'tokenhouse', ...names];
    return words.filter((word) => word != null && word.length >= 3).map((word) => String(word).toLowerCase());
  }
}

/** A listed password, also with up to four digits or symbols after it. */
function isCommon(password: string): boolean {
  const lower = password.toLowerCase();
  return COMMON.has(lower) || COMMON.has(lower.replace(/[^\p{L}]{1,4}$/u, ''));
}

function isOwnWord(password: string, words: string[]): boolean {
  const lower = password.toLowerCase();
  const longestFirst = [...new Set(words)].sort((a, b) => b.length - a.length);
  const rest = longestFirst.reduce((text, word) => text.replaceAll(word, ' '), lower);
  return rest !== lower && rest.replace(/[^\p{L}]/gu, '').length < MIN_OWN_LETTERS;
}
