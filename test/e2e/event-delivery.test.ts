import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { currentContext, runInContext } from '../../src/common/request-context.js';
import type { Environment } from '../../src/config/environment.js';
import { Housekeeping } from '../../src/database/housekeeping.js';
import type { DeliveredEvent } from '../../src/events/domain-event.js';
import { EventDeliveries } from '../../src/events/event-deliveries.js';
import { BuiltCommand } from '../support/command-process.js';
import { testEnvironment } from '../support/environment.js';
import { EventReplica, nameOf, type Update, type UpdateHandler } from '../support/event-replica.js';
import { eventually } from '../support/eventually.js';
import { untilOneWaits } from '../support/lock-waits.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const SUBSCRIBER = 'recorder';

let environment: Environment;
let remove: () => Promise<void>;
const replicas: EventReplica[] = [];

async function startReplica(
  subscribers: Record<string, UpdateHandler> = {},
  overrides: Environment = {},
): Promise<EventReplica> {
  const replica = await EventReplica.start({ ...environment, ...overrides }, subscribers);
  replicas.push(replica);
  return replica;
}

const query = (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  (replicas[0] as EventReplica).database.query(sql, values);

const waiting = (): Promise<Record<string, unknown>[]> =>
  query('SELECT * FROM event_deliveries ORDER BY event_seq');

const allDelivered = (): Promise<unknown> => eventually(async () => expect(await waiting()).toEqual([]));

/** Lets time pass for what waits to be delivered. */
async function skipTime(interval: string): Promise<void> {
  await query('UPDATE domain_events SET occurred_at = occurred_at - $1::interval', [interval]);
  await query(
    `UPDATE event_deliveries SET next_attempt_at = next_attempt_at - $1::interval,
       leased_until = leased_until - $1::interval`,
    [interval],
  );
}

/** Keeps what it gets, in order, and how many of one person's it was given at once. */
class Recorder {
  readonly got: Update[] = [];
  mostAtOnce = 0;
  private readonly now = new Map<string, number>();

  constructor(private readonly work: UpdateHandler = async () => {}) {}

  readonly handle: UpdateHandler = async (event, signal) => {
    const atOnce = (this.now.get(event.userId) ?? 0) + 1;
    this.now.set(event.userId, atOnce);
    this.mostAtOnce = Math.max(this.mostAtOnce, atOnce);
    try {
      await this.work(event, signal);
      this.got.push(event);
    } finally {
      this.now.set(event.userId, (this.now.get(event.userId) ?? 0) - 1);
    }
  };

  namesOf(userId: string): string[] {
    return this.got.filter((event) => event.userId === userId).map(nameOf);
  }

  until(count: number): Promise<unknown> {
    return eventually(() => expect(this.got).toHaveLength(count));
  }
}

/** What holds a handler up until it is opened. */
class Gate {
  open: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

beforeAll(async () => {
  ({ environment, remove } = await testEnvironment());
});
afterAll(() => remove());

afterEach(async () => {
  // A worker that looks for something meanwhile may be in its way: PostgreSQL then refuses one of the two.
  await eventually(() => query('TRUNCATE domain_events, event_deliveries, event_subscribers'));
  for (const replica of replicas.splice(0)) await replica.close();
});

describe('an event', () => {
  it('is delivered after the commit, with all that is known of it, and never after a rollback', async () => {
    const recorder = new Recorder();
    const { database, events } = await startReplica({ [SUBSCRIBER]: recorder.handle });
    const userId = uuidv7();
    const event = { type: 'user.updated', userId, fields: ['a'] } as const;
    const failing = database.transaction(async (manager) => {
      await events.publish({ ...event, fields: ['never'] }, manager);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await database.transaction(async (manager) => {
      await events.publish({ ...event, fields: ['a'] }, manager);
      // Another look, before the commit.
      await delay(50);
      expect(recorder.got).toEqual([]);
    });
    await recorder.until(1);
    const [{ id, occurredAt, ...rest }] = recorder.got as [Update];
    expect([id.length, occurredAt instanceof Date]).toEqual([36, true]);
    expect(rest).toEqual({
      type: 'user.updated',
      userId,
      actor: { kind: 'system', id: null, impersonatorId: null },
      sid: null,
      ip: null,
      userAgent: null,
      requestId: null,
      fields: ['a'],
    });
    await allDelivered();
    expect(recorder.got).toHaveLength(1);
  });

  it('goes to each subscriber that asked for its type, and to those of other processes', async () => {
    const recorders = { first: new Recorder(), second: new Recorder() };
    await startReplica({ first: recorders.first.handle, second: recorders.second.handle });
    const publisher = await startReplica();
    const userId = uuidv7();
    await publisher.database.transaction(async (manager) => {
      await publisher.events.publish({ type: 'user.unbanned', userId }, manager);
      await publisher.events.publish({ type: 'user.updated', userId, fields: ['a'] }, manager);
    });
    await recorders.first.until(1);
    await recorders.second.until(1);
    await allDelivered();
    expect([recorders.first.namesOf(userId), recorders.second.namesOf(userId)]).toEqual([['a'], ['a']]);
  });

  it("goes to those who want all, its dates as text; nobody's have no order to keep", async () => {
    const got: DeliveredEvent[] = [];
    const begun: string[] = [];
    const gate = new Gate();
    const replica = await EventReplica.start(environment, {}, (events) =>
      events.deliver('everything', '*', async (event) => {
        begun.push(event.type);
        if (event.type === 'key.rotated') await gate.opened;
        got.push(event);
      }),
    );
    replicas.push(replica);
    const until = new Date('2030-01-01T00:00:00Z');
    await replica.database.transaction(async (manager) => {
      await replica.events.publish({ type: 'key.rotated', userId: null, kid: 'k' }, manager);
      await replica.events.publish({ type: 'key.killed', userId: null, kid: 'k' }, manager);
      const ban = { type: 'user.banned', userId: uuidv7(), reason: null, until } as const;
      await replica.events.publish(ban, manager);
    });
    await eventually(() => expect(got.map(({ type }) => type)).toEqual(['key.killed', 'user.banned']));
    expect(begun[0]).toBe('key.rotated');
    expect(got[1]).toMatchObject({ until: '2030-01-01T00:00:00.000Z' });
    gate.open();
    await allDelivered();
  });

  it('waits for nobody where nobody subscribed', async () => {
    const replica = await startReplica();
    await replica.publish(uuidv7(), 'a');
    expect(await waiting()).toEqual([]);
  });
});

describe('of one person', () => {
  it('events come one after the other, in order, and again when the handler fails; others go on', async () => {
    let failures = 2;
    const recorder = new Recorder(async (event) => {
      if (nameOf(event) === 'a2' && (failures -= 1) >= 0) throw new Error('not yet');
    });
    const replica = await startReplica({ [SUBSCRIBER]: recorder.handle });
    const [ada, bob] = [uuidv7(), uuidv7()];
    for (const n of [1, 2, 3]) await replica.publish(ada, `a${n}`);
    await eventually(async () => expect(await waiting()).toMatchObject([{ last_error: 'not yet' }, {}]));
    await replica.publish(bob, 'b1');
    await eventually(() => expect(recorder.namesOf(bob)).toEqual(['b1']));
    expect(recorder.namesOf(ada)).toEqual(['a1']);
    // One that comes meanwhile does not overtake.
    await replica.publish(ada, 'a4');
    await skipTime('6 seconds');
    await eventually(async () =>
      expect(await waiting()).toMatchObject([{ attempts: 2, leased_until: null }, {}, {}]),
    );
    await skipTime('9 seconds');
    expect(recorder.namesOf(ada)).toEqual(['a1']);
    await skipTime('2 seconds');
    await allDelivered();
    expect(recorder.namesOf(ada)).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(replica.log.text).toContain('waits 10 s after attempt 2: not yet');
  });

  it('a slow handler holds up nobody else, and no connection', async () => {
    const gate = new Gate();
    const recorder = new Recorder((event) => (nameOf(event) === 'a1' ? gate.opened : Promise.resolve()));
    const replica = await startReplica({ [SUBSCRIBER]: recorder.handle });
    const [ada, ...others] = Array.from({ length: 30 }, () => uuidv7()) as [string, ...string[]];
    await replica.publish(ada, 'a1');
    await replica.publish(ada, 'a2');
    for (const other of others) await replica.publish(other, 'x');
    await recorder.until(others.length);
    const [{ busy }] = (await query(
      `SELECT count(*)::int AS busy FROM pg_stat_activity
       WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    )) as [{ busy: number }];
    expect([recorder.namesOf(ada), busy]).toEqual([[], 0]);
    gate.open();
    await allDelivered();
    expect(recorder.namesOf(ada)).toEqual(['a1', 'a2']);
  });

  it('one that is committed late waits for one that is under way, though it was told before', async () => {
    const gate = new Gate();
    const recorder = new Recorder((event) =>
      nameOf(event) === 'told second' ? gate.opened : Promise.resolve(),
    );
    const replica = await startReplica({ [SUBSCRIBER]: recorder.handle });
    const other = await startReplica({ [SUBSCRIBER]: recorder.handle });
    const ada = uuidv7();
    await replica.database.transaction(async (manager) => {
      const event = { type: 'user.updated', userId: ada, fields: ['told first'] } as const;
      await replica.events.publish({ ...event, fields: ['told first'] }, manager);
      await other.publish(ada, 'told second');
      await eventually(async () =>
        expect(await waiting()).toMatchObject([{ attempts: 1, leased_until: expect.any(Date) }]),
      );
    });
    await other.publish(uuidv7(), 'another');
    await recorder.until(1);
    expect(recorder.namesOf(ada)).toEqual([]);
    gate.open();
    await allDelivered();
    expect(recorder.namesOf(ada)).toEqual(['told second', 'told first']);
    expect(recorder.mostAtOnce).toBe(1);
  });

  it('an event is given up after three days, said in the log, and the next one goes on', async () => {
    const recorder = new Recorder(async (event) => {
      if (nameOf(event) === 'a1') throw new Error('never');
    });
    const replica = await startReplica({ [SUBSCRIBER]: recorder.handle });
    const ada = uuidv7();
    await replica.publish(ada, 'a1');
    await replica.publish(ada, 'a2');
    const tried = (attempts: number): Promise<unknown> =>
      eventually(async () => expect(await waiting()).toMatchObject([{ attempts, leased_until: null }, {}]));
    await tried(1);
    await skipTime('71 hours');
    await tried(2);
    expect(recorder.got).toEqual([]);
    await skipTime('2 hours');
    await allDelivered();
    expect(recorder.namesOf(ada)).toEqual(['a2']);
    expect(replica.log.lines.filter((line) => line.startsWith('["error"'))).toEqual([
      expect.stringMatching(
        /user\.updated \([0-9a-f-]{36}\) for \\"recorder\\" is given up after 3 attempt\(s\): never/,
      ),
    ]);
    expect(await query('SELECT count(*)::int AS count FROM domain_events')).toEqual([{ count: 2 }]);
  });
});

describe('several replicas', () => {
  it('deliver each event once, and of each person in order, however they were published', async () => {
    const people = Array.from({ length: 12 }, () => uuidv7());
    const recorder = new Recorder((event) => delay(nameOf(event).charCodeAt(0) % 4));
    const both = [
      await startReplica({ [SUBSCRIBER]: recorder.handle }),
      await startReplica({ [SUBSCRIBER]: recorder.handle }),
      await startReplica(),
    ];
    const names = Array.from({ length: 20 }, (_, n) => String(n));
    // Of each person one after the other, each at another replica; of all people at once.
    await Promise.all(
      people.map(async (userId, offset) => {
        for (const [n, name] of names.entries()) await both[(n + offset) % 3]?.publish(userId, name);
      }),
    );
    await allDelivered();
    for (const userId of people) expect(recorder.namesOf(userId)).toEqual(names);
    expect([recorder.got.length, recorder.mostAtOnce]).toEqual([people.length * names.length, 1]);
  });

  it('never have two of one person at once, when they are committed at the same moment', async () => {
    const recorder = new Recorder(() => delay(2));
    const both = [
      await startReplica({ [SUBSCRIBER]: recorder.handle }),
      await startReplica({ [SUBSCRIBER]: recorder.handle }),
    ];
    const ada = uuidv7();
    const publishing = Array.from({ length: 60 }, (_, n) =>
      (both[n % 2] as EventReplica).publish(ada, String(n)),
    );
    await Promise.all(publishing);
    await allDelivered();
    expect([new Set(recorder.namesOf(ada)).size, recorder.got.length, recorder.mostAtOnce]).toEqual([
      60, 60, 1,
    ]);
  });

  it('that look at the same moment cannot take two of one person: the database refuses the second', async () => {
    const publisher = await startReplica();
    const deliveries = publisher.module.get(EventDeliveries);
    await deliveries.subscribe(SUBSCRIBER, null);
    const ada = uuidv7();
    await publisher.publish(ada, 'a1');
    await publisher.publish(ada, 'a2');
    const runner = publisher.database.createQueryRunner();
    await runner.startTransaction();
    // Another replica, which saw the second one first, and has not committed that it takes it.
    await runner.query(
      `UPDATE event_deliveries SET leased_until = now() + interval '1 minute'
       WHERE event_seq = (SELECT max(event_seq) FROM event_deliveries)`,
    );
    const claiming = deliveries.claim(SUBSCRIBER, 4);
    await untilOneWaits(publisher.database);
    await runner.commitTransaction();
    await runner.release();
    expect(await claiming).toEqual([]);
    expect(await waiting()).toMatchObject([{ attempts: 0, leased_until: null }, {}]);
  });

  it('take over when one shuts down in the middle of an event: it is told, and lets go', async () => {
    const told: string[] = [];
    const leaving = await startReplica({
      [SUBSCRIBER]: (_event, signal) =>
        new Promise((_resolve, reject) => {
          told.push('begun');
          signal.addEventListener('abort', () => {
            told.push('aborted');
            reject(signal.reason as Error);
          });
        }),
    });
    const staying = new Recorder();
    const ada = uuidv7();
    await leaving.publish(ada, 'a1');
    await eventually(() => expect(told).toEqual(['begun']));
    await startReplica({ [SUBSCRIBER]: staying.handle });
    await leaving.close();
    replicas.splice(0, 1);
    expect(told).toEqual(['begun', 'aborted']);
    await staying.until(1);
    expect(staying.namesOf(ada)).toEqual(['a1']);
  });

  it('finish an event that is under way when they shut down', async () => {
    const gate = new Gate();
    const recorder = new Recorder(() => gate.opened);
    const leaving = await startReplica({ [SUBSCRIBER]: recorder.handle });
    await startReplica();
    await leaving.publish(uuidv7(), 'a1');
    await eventually(async () => expect(await waiting()).toMatchObject([{ attempts: 1 }]));
    const closing = leaving.close();
    gate.open();
    await closing;
    replicas.splice(0, 1);
    expect([recorder.got.length, await waiting()]).toEqual([1, []]);
  });
});

describe('a process that is killed in the middle of events', () => {
  it('loses none, and of each person they stay in order', async () => {
    const program = await BuiltCommand.build('event-subscriber.fixture', 'test/support');
    try {
      const publisher = await startReplica();
      await publisher.module.get(EventDeliveries).subscribe(SUBSCRIBER, ['user.updated']);
      const people = Array.from({ length: 6 }, () => uuidv7());
      const names = Array.from({ length: 12 }, (_, n) => String(n));
      for (const name of names) await Promise.all(people.map((userId) => publisher.publish(userId, name)));

      const lines: string[] = [];
      const heard = (what: string): number => lines.filter((line) => line.startsWith(what)).length;
      for (const enough of [10, 30, null]) {
        const child = program.start({ ...environment, EVENTS_DONE: enough?.toString() });
        const before = heard('done');
        createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
        const exited = once(child, 'exit');
        if (enough === null) await allDelivered();
        else await eventually(() => expect(heard('done')).toBe(before + enough));
        child.kill('SIGKILL');
        await exited;
        // What it had in hand waits until it counts as dead.
        await skipTime('61 seconds');
      }

      expect(heard('begun')).toBeGreaterThan(people.length * names.length);
      for (const userId of people) {
        const got = lines
          .filter((line) => line.startsWith(`done ${userId}`))
          .map((line) => line.split(' ')[2]);
        // One that was done, and not noted as done, comes again; never anything earlier, and nothing is left out.
        expect(got.filter((name, n) => name !== got[n - 1])).toEqual(names);
      }
    } finally {
      await program.remove();
    }
  });
});

describe('a handler', () => {
  it('runs for nobody: not as the request that published the event', async () => {
    const contexts: unknown[] = [];
    const replica = await startReplica({ [SUBSCRIBER]: async () => void contexts.push(currentContext()) });
    const request = { requestId: 'r1', ip: '192.0.2.1', userAgent: null };
    await runInContext(request, () => replica.publish(uuidv7(), 'a1'));
    await allDelivered();
    expect(contexts).toEqual([undefined]);
    expect(await query('SELECT request_id, ip FROM domain_events')).toEqual([
      { request_id: 'r1', ip: '192.0.2.1' },
    ]);
  });

  it('that does not end is left after half a minute, told so, and asked again', async () => {
    const timeout = new AbortController();
    const spy = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(timeout.signal);
    try {
      let attempts = 0;
      const signals: AbortSignal[] = [];
      const recorder = new Recorder((_event, signal) => {
        signals.push(signal);
        return (attempts += 1) === 1 ? new Promise(() => {}) : Promise.resolve();
      });
      const replica = await startReplica({ [SUBSCRIBER]: recorder.handle });
      await replica.publish(uuidv7(), 'a1');
      await eventually(() => expect(attempts).toBe(1));
      expect(spy).toHaveBeenCalledWith(30_000);
      spy.mockRestore();
      timeout.abort(new Error('too slow'));
      await eventually(async () => expect(await waiting()).toMatchObject([{ last_error: 'too slow' }]));
      expect(signals[0]?.aborted).toBe(true);
      await skipTime('6 seconds');
      await allDelivered();
    } finally {
      spy.mockRestore();
    }
  });

  it('that throws at once, with an address in what it says, is asked again; the address stays out of the records', async () => {
    let attempts = 0;
    const replica = await startReplica({
      [SUBSCRIBER]: () => {
        if ((attempts += 1) === 1) throw new Error('No ada@example.com at https://x.test/?key=secret');
        return Promise.resolve();
      },
    });
    await replica.publish(uuidv7(), 'a1');
    const told = 'No <address> at <link>';
    await eventually(async () => expect(await waiting()).toMatchObject([{ last_error: told }]));
    expect(replica.log.text).toContain(told);
    await skipTime('6 seconds');
    await allDelivered();
    expect([attempts, replica.log.text.includes('secret')]).toEqual([2, false]);
  });

  it('whose database goes away and comes back gets what waited, at least once', async () => {
    const proxy = await new TcpProxy(String(environment.DATABASE_URL)).open();
    const publisher = await startReplica();
    const recorder = new Recorder();
    const replica = await startReplica({ [SUBSCRIBER]: recorder.handle }, { DATABASE_URL: proxy.url });
    try {
      await proxy.cut();
      const ada = uuidv7();
      await publisher.publish(ada, 'a1');
      await publisher.publish(ada, 'a2');
      await eventually(() => expect(replica.log.text).toMatch(/Nothing is delivered to \\"recorder\\" now/));
      await proxy.open();
      await allDelivered();
      expect(recorder.namesOf(ada)).toEqual(['a1', 'a2']);
      expect(replica.log.lines.filter((line) => line.includes('Nothing is delivered'))).toHaveLength(1);
    } finally {
      await replica.close();
      replicas.splice(replicas.indexOf(replica), 1);
      await proxy.cut();
    }
  });
});

describe('a subscriber', () => {
  it('has a name of its own, that SQL takes as it is', async () => {
    const { events } = await startReplica({ [SUBSCRIBER]: async () => {} });
    const subscribe = (name: string) => () => events.deliver(name, '*', async () => {});
    expect(subscribe(SUBSCRIBER)).toThrow('There is a subscriber "recorder" already.');
    for (const name of ["x'; DROP TABLE users; --", 'X', '', '1st', 'x'.repeat(64)])
      expect(subscribe(name)).toThrow('is no name for a subscriber.');
  });

  it('that a process has is never forgotten, however long that slept', async () => {
    const replica = await startReplica({ [SUBSCRIBER]: () => Promise.reject(new Error('not yet')) });
    await replica.publish(uuidv7(), 'a1');
    await eventually(async () => expect(await waiting()).toMatchObject([{ last_error: 'not yet' }]));
    await query("UPDATE event_subscribers SET seen_at = seen_at - interval '8 days'");
    await replica.module.get(Housekeeping).run();
    expect(await waiting()).toMatchObject([{ subscriber: SUBSCRIBER }]);
    expect(await query('SELECT name FROM event_subscribers')).toEqual([{ name: SUBSCRIBER }]);
  });

  it('that no process has any more is forgotten after a week, and what waits for it', async () => {
    const leaving = await startReplica({ gone: async () => {} });
    const staying = await startReplica({ [SUBSCRIBER]: async () => {} });
    await leaving.close();
    replicas.shift();
    await staying.publish(uuidv7(), 'a1');
    await eventually(async () => expect(await waiting()).toMatchObject([{ subscriber: 'gone' }]));
    const housekeeping = staying.module.get(Housekeeping);
    await query("UPDATE event_subscribers SET seen_at = seen_at - interval '6 days'");
    await housekeeping.run();
    expect(await waiting()).toHaveLength(1);
    await query("UPDATE event_subscribers SET seen_at = seen_at - interval '2 days'");
    await housekeeping.run();
    expect(await waiting()).toEqual([]);
    expect(await query('SELECT name FROM event_subscribers')).toEqual([{ name: SUBSCRIBER }]);
  });
});
