import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NIL } from 'uuid';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { currentNetwork } from '../limits/current-network.js';
import { AccountLocked } from '../limits/limits.errors.js';
import { type Charge, Limits, type Spent } from '../limits/limits.js';
import { KnownDevices } from '../sessions/known-devices.service.js';
import { parseLogin } from '../users/login.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { InvalidCredentials } from './auth.errors.js';
import { GuessWatch } from './guess-watch.js';
import { SignInRefusals } from './sign-in-refusals.js';
import { type SignInTarget, targetOf } from './sign-in-target.js';

const LOCKS = ['login', 'login-in-a-row'] as const;
/** A right password gives back only its own point; of the others it ends the count. */
const GIVEN_BACK = new Set<string>(['login', 'network-passwords']);

/** Limits guessing of passwords (security.md, "Limits"), by whichever route they come. */
@Injectable()
export class SignInTries implements OnModuleInit {
  constructor(
    private readonly limits: Limits,
    private readonly devices: KnownDevices,
    private readonly users: UsersService,
    private readonly events: DomainEvents,
    private readonly database: Database,
    private readonly watch: GuessWatch,
    private readonly refusals: SignInRefusals,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** Who can read the mail of an account gets in again, with the new password. */
  onModuleInit(): void {
    this.events.on('password.reset', ({ userId }, manager) =>
      this.database.afterCommit(manager, () => this.limits.clear(...chargesOf(targetOf({ id: userId })))),
    );
  }

  /**
   * Looks at a password by `prove`, which gives null for a wrong one, if one more may be tried. The try counts before it
   * begins; a right one does not count, and ends the counts of this login here and in a row.
   * @throws BudgetSpent, AccountLocked
   */
  async count<T>(login: string, prove: (user: User | null) => Promise<T | null>): Promise<T | null> {
    const user = await this.users.findByLogin(login);
    const target = user ? targetOf(user) : this.targetOfNobody(login);
    const spent = await this.take(target);
    try {
      const proven = await prove(user);
      await (proven === null ? this.fail(target) : this.succeed(target, spent));
      return proven;
    } catch (error) {
      await this.limits.refundAfter(error, spent);
      await this.refusals.tell(target, error);
      throw error;
    }
  }

  /** For a sign-in that goes on after its password was looked at. @throws AccountLocked */
  async assertOpen(user: User): Promise<void> {
    try {
      await this.limits.assertUnspent(...chargesOf(targetOf(user)));
    } catch (error) {
      if (!(error instanceof AccountLocked) || !(await this.devices.isKnown(user.id))) throw error;
    }
  }

  /** Tells that somebody is locked out by wrong second factors, once for each time. */
  async tellOfLock(user: Pick<User, 'id'>, error: unknown): Promise<void> {
    const isFirst = error instanceof AccountLocked && error.refusal.isFirst;
    if (isFirst) await this.tell(targetOf(user), error, 'second-factor');
  }

  private targetOfNobody(login: string): SignInTarget {
    return { user: null, key: `login ${parseLogin(login, this.config.users.loginAttribute).value}` };
  }

  private async take(target: SignInTarget): Promise<Spent> {
    const near = await this.takeNear(target);
    try {
      return [...near, ...(await this.takeFar(target))];
    } catch (error) {
      await this.limits.refund(near);
      throw error;
    }
  }

  /** Of this login from here, and of everybody from here. */
  private async takeNear({ key }: SignInTarget): Promise<Spent> {
    const network = currentNetwork();
    if (network === undefined) return [];
    return this.watch.over(this.limits.spend(['login-here', key, network], ['network-passwords', network]));
  }

  /** Of this login from everywhere. What is spent is waived where this person has signed in before. */
  private async takeFar(target: SignInTarget): Promise<Spent> {
    const takings = chargesOf(target).map((charge) => this.limits.spend(charge).catch(lockOf));
    const taken = await Promise.all(takings);
    const locks = taken.filter((each) => each instanceof AccountLocked);
    const spent = taken.flatMap((each) => (each instanceof AccountLocked ? [] : each));
    for (const lock of locks) if (lock.refusal.isFirst) await this.tell(target, lock, 'password');
    const [lock] = locks;
    if (!lock || (await this.devices.isKnown(target.user?.id ?? NIL))) return spent;
    await this.limits.refund(spent);
    throw lock;
  }

  private async succeed({ key }: SignInTarget, spent: Spent): Promise<void> {
    this.watch.noteRight();
    const network = currentNetwork();
    await Promise.all([
      this.limits.refund(spent.filter(({ budget }) => GIVEN_BACK.has(budget))),
      this.limits.clearUnlessSpent(['login-in-a-row', key]),
      network !== undefined && this.limits.clear(['login-here', key, network]),
    ]);
  }

  private async fail(target: SignInTarget): Promise<void> {
    this.watch.noteWrong();
    await this.refusals.tell(target, new InvalidCredentials());
  }

  private async tell(
    { key, user }: SignInTarget,
    { refusal }: AccountLocked,
    by: 'password' | 'second-factor',
  ): Promise<void> {
    const userId = user?.id ?? null;
    const until = new Date(this.clock.nowMs() + refusal.seconds * 1000);
    const loginHash = this.limits.hash('login', key);
    await this.events.record({ type: 'session.locked', userId, loginHash, until, by });
  }
}

/** @throws what else there is */
function lockOf(error: unknown): AccountLocked {
  if (error instanceof AccountLocked) return error;
  throw error;
}

function chargesOf({ key }: SignInTarget): Charge[] {
  return LOCKS.map((budget) => [budget, key] as const);
}
