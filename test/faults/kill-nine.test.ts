import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { note } from './finding.js';
import { HttpClient } from './support/http-client.js';
import { inquire } from './support/kill-nine/inquiry.js';
import { expectNothingHalf } from './support/kill-nine/invariants.js';
import { Ledger } from './support/kill-nine/ledger.js';
import { LetterBox } from './support/kill-nine/letter-box.js';
import { Life } from './support/kill-nine/life.js';
import { Person } from './support/kill-nine/person.js';
import { settle } from './support/kill-nine/settling.js';
import { Lab } from './support/lab.js';
import { expectLettersOut } from './support/letters.js';
import { Postgres } from './support/postgres.js';
import { Random } from './support/random.js';
import { Service } from './support/service.js';
import { inSeconds } from './support/traffic.js';

const ROUNDS = inject('short') ? 10 : 100;
const PEOPLE = 8;
/** Of those who are there in a round, so many leave after it, and new ones come. */
const LEAVING = 0.15;
const SHORTEST_MS = 20;
const LONGEST_MS = 700;
const VICTIMS = ['service', 'service', 'service', 'service', 'PostgreSQL', 'both'] as const;
const TIMEOUT_MS = 1_200_000;

describe('kill -9 at random moments', () => {
  const lab = new Lab();
  const random = new Random('kill-nine');
  const ledger = new Ledger();
  const killedAtMs: number[] = [];
  const everybody: Person[] = [];
  const starts: number[] = [];
  const kills = { service: 0, PostgreSQL: 0, both: 0 };
  let postgres: Postgres;
  let service: Service;
  let client: HttpClient;
  let letters: LetterBox;
  let lives: Life[] = [];

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    const environment = await lab.environment(postgres.url);
    letters = new LetterBox(join(String(environment.DATA_DIR), 'outbox'));
    service = await Service.start(lab, environment);
    client = new HttpClient(service.url);
    lab.add(async () => client.close());
  });
  afterAll(() => lab.close());

  function newLife(): Life {
    const person = new Person(client, ledger);
    const row = new Random(`kill-nine: person ${everybody.length}`);
    everybody.push(person);
    return new Life(person, row, letters, killedAtMs);
  }

  async function kill(): Promise<void> {
    const victim = random.pick(VICTIMS);
    kills[victim] += 1;
    await Promise.all([
      victim === 'PostgreSQL' ? undefined : service.kill(),
      victim === 'service' ? undefined : postgres.kill(),
    ]);
    killedAtMs.push(Date.now());
  }

  async function round(): Promise<void> {
    lives = lives.filter(() => random.next() > LEAVING);
    while (lives.length < PEOPLE) lives.push(newLife());
    const over = new AbortController();
    const load = Promise.all(lives.map((life) => life.live(over.signal)));
    // A lie is told once all is over.
    load.catch(() => {});
    await sleep(random.between(SHORTEST_MS, LONGEST_MS));
    await kill();
    over.abort();
    await load;
    await postgres.start();
    starts.push(service.running ? await service.ready() : await service.start());
    const people = lives.map(({ person }) => person);
    await settle(postgres, people);
    await expectNothingHalf(postgres);
    await Promise.all(people.map(inquire));
  }

  /** After the kills, letters that were under way wait for two minutes, until nobody can be at them any more. */
  async function expectLetters(): Promise<void> {
    await postgres.query('UPDATE mail_outbox SET leased_until = now() WHERE leased_until IS NOT NULL');
    await expectLettersOut(postgres, async () => {
      await letters.look();
      // Who has proven the address by a reset meanwhile needs none.
      const served = everybody.filter(
        ({ email, verified }) => verified || letters.find(email, 'verify-email').length > 0,
      );
      return served.map(({ email }) => email);
    });
    for (const { email } of everybody.filter(({ resetAsked }) => resetAsked === 'yes')) {
      expect(letters.find(email, 'reset-password'), `the letter to ${email}`).not.toEqual([]);
    }
  }

  it(
    'RES-01: whatever was acknowledged is true, nothing is half done, nothing happens twice',
    { timeout: TIMEOUT_MS },
    async (context) => {
      try {
        for (let n = 0; n < ROUNDS; n += 1) await round();
        await settle(postgres, everybody);
        for (const person of everybody) await inquire(person);
        await expectNothingHalf(postgres);
        await expectLetters();
      } finally {
        note(context, {
          done: `${starts.length} kills: the service ${kills.service}, PostgreSQL ${kills.PostgreSQL}, both ${kills.both}`,
          load: ledger.summary,
          seen: ledger.seen,
          recovery: `ready in ${inSeconds(Math.max(...starts))} at most`,
        });
      }
      if (!inject('short')) expectAllKinds();
    },
  );

  /** Otherwise the rounds would have shown nothing of it. */
  function expectAllKinds(): void {
    const kinds = [...ledger.acknowledged().keys()];
    expect(kinds).toEqual(
      expect.arrayContaining([
        'register', 'refresh', 'change the password', 'reset the password', 'verify the address', 'turn the factor on',
        'answer with a code', 'answer with a recovery code', 'get new recovery codes', 'turn the factor off',
      ]), // prettier-ignore
    );
  }
});
