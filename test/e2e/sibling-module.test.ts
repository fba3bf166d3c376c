import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../../examples/sibling-module/src/app.module.js';
import { configureApp } from '../../src/app.setup.js';
import { createHttpAdapter } from '../../src/app.http.js';
import { loadConfig } from '../../src/config/load-config.js';
import { Client } from '../support/client.js';
import { testEnvironment } from '../support/environment.js';
import { Mailbox } from '../support/mailbox.js';

describe('the sibling module in examples/', () => {
  let app: NestFastifyApplication;
  let client: Client;
  let mailbox: Mailbox;
  let cleanUp: () => Promise<void>;

  beforeAll(async () => {
    const { environment, remove } = await testEnvironment();
    cleanUp = remove;
    const module = await Test.createTestingModule({ imports: [AppModule.forRoot(environment)] }).compile();
    const adapter = createHttpAdapter(loadConfig(environment));
    app = module.createNestApplication<NestFastifyApplication>(adapter, { bodyParser: false, logger: false });
    configureApp(app);
    await app.listen(0, '127.0.0.1');
    client = new Client({ url: await app.getUrl() });
    mailbox = new Mailbox(join(String(environment.DATA_DIR), 'outbox'));
  });
  afterAll(async () => {
    await app.close();
    await cleanUp();
  });

  it('keeps strangers out of a guarded controller', async () => {
    expect((await client.get('/api/notes')).body).toMatchObject({ status: 401, code: 'token_missing' });
    expect((await client.get('/api/notes', { token: 'a.b.c' })).body.code).toBe('token_invalid');
    expect((await client.get('/api/notes/about')).status).toBe(200);
  });

  it('knows who asks', async () => {
    const { token, user } = await client.register();
    await client.post('/api/notes', { text: 'milk' }, { token });
    expect((await client.get('/api/notes', { token })).body).toEqual([{ author: user.email, text: 'milk' }]);
    expect((await client.get('/api/notes/export', { token })).body.code).toBe('email_not_verified');
  });

  it('mails people its own letter, with the text of others as text, and its name in all letters', async () => {
    const { token, user } = await client.register({ firstName: 'Ada' });
    await client.post('/api/notes', { text: '<b>milk</b> http://evil.test' }, { token });
    expect((await client.post('/api/notes/mail', undefined, { token })).body).toEqual({ queued: true });
    const { text, html } = await mailbox.newest(user.email, /^Your notes$/);
    expect(text).toContain(
      'Hello Ada,\n\nYou have written 1 note(s) so far. The last one is: <b>milk</b> http: //evil. test',
    );
    expect(html).toContain('<em>&lt;b&gt;milk&lt;/b&gt; http: //evil. test</em>');
    expect((await mailbox.newest(user.email, /Confirm/)).text).toMatch(/\n-- \nNotes\n/);
  });

  it('hands out tokens in code, and reads them', async () => {
    const { token } = await client.register();
    await client.post('/api/notes', { text: 'bread' }, { token });
    const handed = (await client.post('/api/share/token', undefined, { token })).body.token;
    expect((await client.post('/api/share/read', { token: handed })).body).toMatchObject([{ text: 'bread' }]);
    await client.post('/api/auth/logout', undefined, { token });
    expect((await client.post('/api/share/read', { token: handed })).status).toBe(404);
  });
});
