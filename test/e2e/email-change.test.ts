import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import type { Mail } from '../support/mailbox.js';

const CHANGE = '/api/user/email';
const NEW_PASSWORD = 'an entirely new password';

describe('changing an address', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp({ APP_URL: 'https://app.example.com' });
    client = new Client(target);
  });
  afterAll(() => target.close());

  const prove = (token: string): Promise<Answer> => client.post('/api/auth/email/verify', { token });
  const undo = (token: string): Promise<Answer> => client.post('/api/auth/email/undo', { token });
  const self = (token: string): Promise<Answer> => client.get('/api/user', { token });

  function change(token: string, email: string): Promise<Answer> {
    return client.post(CHANGE, { email, password: PASSWORD }, { token });
  }

  /** The mail that proves a new address. */
  const proofTo = (email: string, count = 1): Promise<Mail> =>
    target.mailbox.newest(email, /Confirm your new/, count);
  /** The mail that tells the old address. */
  const noticeTo = (email: string, count = 1): Promise<Mail> =>
    target.mailbox.newest(email, /about to change/, count);

  async function expectLinkInvalid(answer: Promise<Answer>): Promise<void> {
    const { status, body } = await answer;
    expect([status, body.code]).toEqual([422, 'link_invalid']);
  }

  interface Changed {
    id: string;
    oldEmail: string;
    newEmail: string;
    token: string;
    refreshToken: string;
    /** Of the mail to the old address. */
    undoToken: string;
  }

  /** Somebody whose address has changed, by themself or by a thief; the old one was proven, unless said. */
  async function changed({ proven = true } = {}): Promise<Changed> {
    const { user, token, refreshToken } = await client.register();
    const first = await target.mailbox.newest(user.email, /Confirm your e-mail/);
    if (proven) expect((await prove(first.token)).status).toBe(204);
    const newEmail = someEmail('new');
    await change(token, newEmail);
    const undoToken = (await noticeTo(user.email)).token;
    expect((await prove((await proofTo(newEmail)).token)).status).toBe(204);
    return { id: user.id, oldEmail: user.email, newEmail, token, refreshToken, undoToken };
  }

  it('AC-02: nothing changes before the new address is proven; sessions stay', async () => {
    const { user, token } = await client.register();
    const email = someEmail('new');
    const answer = await change(token, email);
    expect([answer.status, answer.body]).toEqual([202, undefined]);
    expect((await self(token)).body).toMatchObject({ email: user.email, pendingEmail: email });
    expect((await client.login(user.email)).status).toBe(200);
    expect((await client.login(email)).body.code).toBe('invalid_credentials');

    const proof = await proofTo(email);
    expect(proof.link).toBe(`https://app.example.com/verify-email?token=${proof.token}`);
    expect((await prove(proof.token)).status).toBe(204);
    expect((await self(token)).body).toMatchObject({ email, pendingEmail: null, emailVerified: true });
    expect((await client.login(email)).status).toBe(200);
    expect((await client.login(user.email)).body.code).toBe('invalid_credentials');
    await expectLinkInvalid(prove(proof.token));
  });

  it('HJK-07: needs the right password', async () => {
    const { user, token } = await client.register();
    const email = someEmail('new');
    for (const password of [undefined, null, 1]) {
      const refused = await client.post(CHANGE, { email, password }, { token });
      expect([refused.status, refused.body.code]).toEqual([400, 'validation_failed']);
    }
    for (const password of ['', 'wrong', `${PASSWORD} `]) {
      const refused = await client.post(CHANGE, { email, password }, { token });
      expect([refused.status, refused.body.code]).toEqual([422, 'password_incorrect']);
    }
    expect((await client.post(CHANGE, { email, password: PASSWORD })).body.code).toBe('token_missing');
    expect((await self(token)).body).toMatchObject({ email: user.email, pendingEmail: null });
    expect(await target.mailbox.all(email)).toEqual([]);
  });

  it('HJK-07: a mistyped address harms nobody: the old one stays, is told, and can call it off', async () => {
    const { user, token } = await client.register();
    const typo = someEmail('typo');
    await change(token, typo);
    const notice = await noticeTo(user.email);
    expect(notice.text).toContain(typo);
    expect(notice.link).toBe(`https://app.example.com/undo-email?token=${notice.token}`);
    const proof = await proofTo(typo);
    expect((await undo(notice.token)).status).toBe(204);
    await expectLinkInvalid(prove(proof.token));
    expect((await client.login(user.email)).body.user).toMatchObject({ pendingEmail: null });
  });

  it('ENUM-07: a taken address is answered as a free one; only its owner learns of it', async () => {
    const owner = await client.register();
    const { user, token } = await client.register();
    const free = await change(token, someEmail('free'));
    const taken = await change(token, owner.user.email);
    const bare = ({ status, body, headers }: Answer): object => {
      const { date: _, ...rest } = Object.fromEntries(headers);
      return { status, body, headers: rest };
    };
    expect(bare(taken)).toEqual(bare(free));
    expect(taken.status).toBe(202);
    expect((await self(token)).body).toMatchObject({ email: user.email, pendingEmail: owner.user.email });
    const told = await target.mailbox.newest(owner.user.email, /in use already/);
    expect(told.link).toBe('');
    expect((await client.login(owner.user.email)).body.user.id).toBe(owner.user.id);
  });

  it('AC-02: an address that somebody registers meanwhile stays theirs', async () => {
    const { user, token } = await client.register();
    const email = someEmail('contested');
    await change(token, email);
    const proof = await proofTo(email);
    const other = await client.register({ email });
    await expectLinkInvalid(prove(proof.token));
    expect((await self(token)).body.email).toBe(user.email);
    expect((await client.login(email)).body.user.id).toBe(other.user.id);
  });

  it('AC-02: of two people who prove one address at once, one gets it', async () => {
    const email = someEmail('contested');
    const people = [await client.register(), await client.register()];
    for (const { token } of people) await change(token, email);
    await proofTo(email, 2);
    const proofs = (await target.mailbox.all(email)).map(({ token }) => token);
    const answers = await Promise.all(proofs.map(prove));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422]);
    const emails = await Promise.all(people.map(async ({ token }) => (await self(token)).body.email));
    expect(emails.filter((own) => own === email)).toHaveLength(1);
  });

  it('AC-02: a second change takes the place of the first', async () => {
    const { token } = await client.register();
    const [first, second] = [someEmail('first'), someEmail('second')];
    await change(token, first);
    const stale = (await proofTo(first)).token;
    await change(token, second);
    await expectLinkInvalid(prove(stale));
    expect((await prove((await proofTo(second)).token)).status).toBe(204);
    expect((await self(token)).body.email).toBe(second);
  });

  it('AC-02: can be called off, also when there is nothing to call off', async () => {
    const { user, token } = await client.register();
    const email = someEmail('new');
    await change(token, email);
    const proof = (await proofTo(email)).token;
    expect((await client.delete(CHANGE, undefined, { token })).status).toBe(204);
    expect((await self(token)).body).toMatchObject({ email: user.email, pendingEmail: null });
    await expectLinkInvalid(prove(proof));
    expect((await client.delete(CHANGE, undefined, { token })).status).toBe(204);
  });

  it('AC-02: the link can be asked for again', async () => {
    const { token } = await client.register();
    const email = someEmail('new');
    await change(token, email);
    const older = (await proofTo(email)).token;
    expect((await client.post('/api/user/email/verification', {}, { token })).status).toBe(202);
    const newer = (await proofTo(email, 2)).token;
    await expectLinkInvalid(prove(older));
    expect((await prove(newer)).status).toBe(204);
  });

  describe('the pending change dies with', () => {
    async function pending(): Promise<{ id: string; email: string; token: string; proof: string }> {
      const { user, token } = await client.register();
      const newEmail = someEmail('new');
      await change(token, newEmail);
      return { id: user.id, email: user.email, token, proof: (await proofTo(newEmail)).token };
    }

    async function pendingEmailOf(id: string): Promise<string | null | undefined> {
      const sql = 'SELECT pending_email FROM users WHERE id = $1';
      const [row] = await target.database.query<{ pending_email: string | null }[]>(sql, [id]);
      return row?.pending_email;
    }

    it('a password change', async () => {
      const { id, token, proof } = await pending();
      const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
      expect((await client.post('/api/user/password', body, { token })).status).toBe(204);
      await expectLinkInvalid(prove(proof));
      expect(await pendingEmailOf(id)).toBeNull();
    });

    it('a reset', async () => {
      const { id, email, proof } = await pending();
      await client.post('/api/auth/password/forgot', { email });
      const link = (await target.mailbox.newest(email, /Choose/)).token;
      const answer = await client.post('/api/auth/password/reset', { token: link, password: NEW_PASSWORD });
      expect(answer.status).toBe(204);
      await expectLinkInvalid(prove(proof));
      expect(await pendingEmailOf(id)).toBeNull();
    });

    it('a ban, also when it is lifted', async () => {
      const { id, proof } = await pending();
      const users = target.app.get(UsersService);
      await users.ban(id);
      await expectLinkInvalid(prove(proof));
      await users.unban(id);
      await expectLinkInvalid(prove(proof));
      expect(await pendingEmailOf(id)).toBeNull();
    });

    it('deletion', async () => {
      const { id, token, proof } = await pending();
      await client.delete('/api/user', { password: PASSWORD }, { token });
      await expectLinkInvalid(prove(proof));
      expect(await pendingEmailOf(id)).toBeNull();
    });
  });

  describe('AC-03: the old address', () => {
    it('is back with one click, and every session ends', async () => {
      const { id, oldEmail, newEmail, token, refreshToken, undoToken } = await changed();
      const answer = await undo(undoToken);
      expect([answer.status, answer.body, answer.headers.getSetCookie()]).toEqual([204, undefined, []]);
      expect((await self(token)).body.code).toBe('session_revoked');
      expect((await client.post('/api/auth/refresh', { refreshToken })).body.code).toBe('session_revoked');
      expect((await client.login(newEmail)).body.code).toBe('invalid_credentials');
      const { body } = await client.login(oldEmail);
      expect(body.user).toMatchObject({ id, email: oldEmail, pendingEmail: null, emailVerified: true });
      await expectLinkInvalid(undo(undoToken));
    });

    it('RST-08: is back also after a password change, a reset and a further change of address', async () => {
      const { id, oldEmail, newEmail, token, undoToken } = await changed();
      const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
      expect((await client.post('/api/user/password', body, { token })).status).toBe(204);
      await client.post('/api/auth/password/forgot', { email: newEmail });
      const link = (await target.mailbox.newest(newEmail, /Choose/)).token;
      await client.post('/api/auth/password/reset', { token: link, password: PASSWORD });
      const thief = (await client.login(newEmail)).body.token;
      const third = someEmail('third');
      await change(thief, third);
      expect((await prove((await proofTo(third)).token)).status).toBe(204);

      expect((await undo(undoToken)).status).toBe(204);
      expect((await self(thief)).body.code).toBe('session_revoked');
      expect((await client.login(oldEmail)).body.user).toMatchObject({ id, email: oldEmail });
    });

    it('is not taken away again by the undo link of an address that came after it', async () => {
      const { id, oldEmail, newEmail, token, undoToken } = await changed();
      const third = someEmail('third');
      await change(token, third);
      const thiefsUndo = (await noticeTo(newEmail)).token;
      expect((await prove((await proofTo(third)).token)).status).toBe(204);
      expect((await undo(undoToken)).status).toBe(204);
      await expectLinkInvalid(undo(thiefsUndo));
      expect((await client.login(oldEmail)).body.user).toMatchObject({ id, email: oldEmail });
    });

    it('is back also when an undo link of a later address was used before', async () => {
      const { id, oldEmail, newEmail, token, undoToken } = await changed();
      await change(token, someEmail('third'));
      expect((await undo((await noticeTo(newEmail)).token)).status).toBe(204);
      expect((await undo(undoToken)).status).toBe(204);
      expect((await client.login(oldEmail)).body.user.id).toBe(id);
    });

    it('is taken back from somebody who registered it meanwhile without proving it', async () => {
      const { id, oldEmail, undoToken } = await changed();
      const squatter = await client.register({ email: oldEmail, password: 'the squatters password' });
      expect((await undo(undoToken)).status).toBe(204);
      expect((await client.login(oldEmail)).body.user.id).toBe(id);
      expect((await client.login(oldEmail, 'the squatters password')).body.code).toBe('invalid_credentials');
      expect((await self(squatter.token)).status).toBe(401);
      expect((await client.post('/api/auth/refresh', { refreshToken: squatter.refreshToken })).status).toBe(
        401,
      );
    });

    it('is back as it was, when it was never proven: not proven', async () => {
      const { oldEmail, undoToken } = await changed({ proven: false });
      expect((await undo(undoToken)).status).toBe(204);
      expect((await client.login(oldEmail)).body.user).toMatchObject({
        email: oldEmail,
        emailVerified: false,
      });
    });

    it('HJK-02: is not taken from its owner by somebody who never proved it', async () => {
      const { newEmail, oldEmail: victim, undoToken } = await changed({ proven: false });
      const owner = await client.register({ email: victim, password: 'the owners own password' });
      await expectLinkInvalid(undo(undoToken));
      expect((await client.login(victim, 'the owners own password')).body.user.id).toBe(owner.user.id);
      expect((await client.login(newEmail)).status).toBe(200);
    });

    it('stays with somebody who has proven it meanwhile', async () => {
      const { id, oldEmail, newEmail, undoToken } = await changed();
      const other = await client.register({ email: oldEmail, password: 'the other persons password' });
      const proof = await target.mailbox.newest(oldEmail, /Confirm your e-mail/, 2);
      expect((await prove(proof.token)).status).toBe(204);
      await expectLinkInvalid(undo(undoToken));
      expect((await client.login(oldEmail, 'the other persons password')).body.user.id).toBe(other.user.id);
      expect((await client.login(newEmail)).body.user.id).toBe(id);
    });

    it('has 7 days, by the clock of the database', async () => {
      const { id, undoToken } = await changed();
      const [row] = await target.database.query<{ days: number }[]>(
        `SELECT round(extract(epoch FROM expires_at - now()) / 86400)::int AS days FROM one_time_links
         WHERE subject_id = $1 AND purpose = 'undo-email'`,
        [id],
      );
      expect(row?.days).toBe(7);
      const expire = "UPDATE one_time_links SET expires_at = now() - interval '1 s' WHERE subject_id = $1";
      await target.database.query(expire, [id]);
      await expectLinkInvalid(undo(undoToken));
    });

    it('RST-08: is back in a deleted account, which stays deleted, and is taken from nobody by it', async () => {
      const [first, second] = [await changed(), await changed()];
      for (const { token } of [first, second]) {
        expect((await client.delete('/api/user', { password: PASSWORD }, { token })).status).toBe(204);
      }
      expect((await undo(first.undoToken)).status).toBe(204);
      const emailOf = 'SELECT email FROM users WHERE id = $1';
      expect(await target.database.query(emailOf, [first.id])).toEqual([{ email: first.oldEmail }]);
      for (const email of [first.oldEmail, first.newEmail]) {
        expect((await client.login(email)).body.code).toBe('invalid_credentials');
      }
      const anew = await client.register({ email: second.oldEmail });
      await expectLinkInvalid(undo(second.undoToken));
      expect((await client.login(second.oldEmail)).body.user.id).toBe(anew.user.id);
    });

    it('is back in a banned account, which stays banned', async () => {
      const { id, oldEmail, undoToken } = await changed();
      await target.app.get(UsersService).ban(id);
      expect((await undo(undoToken)).status).toBe(204);
      expect((await client.login(oldEmail)).body.code).toBe('user_banned');
    });
  });
});
