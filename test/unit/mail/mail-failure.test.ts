import { describe, expect, it } from 'vitest';
import { UnsendableMail } from '../../../src/mail/mail.errors.js';
import { describeFailure, isHopeless } from '../../../src/mail/mail-failure.js';

describe('describeFailure', () => {
  it('names code, step and answer, but neither address nor link', () => {
    const error = Object.assign(
      new Error('550 <ada@example.com> unknown,\nsee https://x.test/?token=secret'),
      {
        code: 'EENVELOPE',
        command: 'RCPT TO',
      },
    );
    expect(describeFailure(error)).toBe('EENVELOPE at RCPT TO 550 <<address>> unknown, see <link>');
    expect(describeFailure('plain')).toBe('plain');
  });
});

describe('isHopeless', () => {
  const refused = Object.assign(new Error(), { command: 'RCPT TO', responseCode: 550 });

  it.each([
    [new UnsendableMail('x'), 1, true],
    [refused, 5, false],
    [refused, 6, true],
    [Object.assign(new Error(), { command: 'RCPT TO', responseCode: 450 }), 60, false],
    [Object.assign(new Error(), { command: 'AUTH PLAIN', responseCode: 535 }), 60, false],
    [new Error('connection refused'), 60, false],
  ])('case %#', (error, attempts, hopeless) => {
    expect(isHopeless(error, attempts)).toBe(hopeless);
  });
});
