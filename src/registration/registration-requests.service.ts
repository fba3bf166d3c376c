import { Injectable } from '@nestjs/common';
import { type TokenBundle, TokenBundles } from '../auth/token-bundle.js';
import { AppConfig } from '../config/app-config.js';
import { Limits, type Spent } from '../limits/limits.js';
import { PasswordIncorrect } from '../passwords/passwords.errors.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { PendingRegistrations } from './pending-registrations.service.js';
import { type RegistrationClaim, RegistrationKeys } from './registration-keys.service.js';
import { IdempotencyKeyReused, RegistrationClosed } from './registration.errors.js';
import { type Registration, RegistrationService } from './registration.service.js';

/** Takes requests to register: so many from one network, each that has a key once (parity RG-09). */
@Injectable()
export class RegistrationRequests {
  /** What is being done for requests with a key, by all that they say. */
  private readonly running = new Map<string, Promise<TokenBundle | null>>();

  constructor(
    private readonly registrations: RegistrationService,
    private readonly pending: PendingRegistrations,
    private readonly keys: RegistrationKeys,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly bundles: TokenBundles,
    private readonly limits: Limits,
    private readonly config: AppConfig,
  ) {}

  /** @throws RegistrationClosed */
  assertOpen(): void {
    if (this.config.users.registration === 'closed') throw new RegistrationClosed();
  }

  /**
   * Registers, or finds that it did.
   * @param key the client's name for this request; what failed may be tried again with it
   * @returns null where a mail is on its way instead
   * @throws as `RegistrationService.register`; BudgetSpent, IdempotencyKeyReused
   */
  async take(registration: Registration, key?: string): Promise<TokenBundle | null> {
    if (key === undefined) return this.takeNew(registration);
    const name = JSON.stringify([key, registration]);
    const twin = this.running.get(name);
    if (twin) return twin;
    const run = this.takeOnce(registration, this.keys.claim(key, registration));
    this.running.set(name, run);
    return run.finally(() => this.running.delete(name));
  }

  private async takeOnce(registration: Registration, claim: RegistrationClaim): Promise<TokenBundle | null> {
    const earlier = await this.keys.find(claim);
    if (earlier) return this.repeat(earlier, registration);
    let spent: Spent = [];
    try {
      spent = await this.limits.spendHere('register');
      return await this.fulfil(registration, claim);
    } catch (error) {
      // It may have failed because the same request, sent to another replica at once, was fulfilled.
      const twin = await this.keys.find(claim);
      if (!twin) throw error;
      await this.limits.refund(spent);
      return this.repeat(twin, registration);
    }
  }

  private async takeNew(registration: Registration): Promise<TokenBundle | null> {
    await this.limits.spendHere('register');
    return this.fulfil(registration);
  }

  private async fulfil(registration: Registration, claim?: RegistrationClaim): Promise<TokenBundle | null> {
    if (this.config.users.registration === 'open') {
      return this.registrations.register(registration, async (manager, sessionId) => {
        if (claim) await this.keys.keep(claim, sessionId, manager);
      });
    }
    await this.pending.add(registration, async (manager) => {
      if (claim) await this.keys.keep(claim, null, manager);
    });
    return null;
  }

  /**
   * The first answer again, for somebody who never got it: not once its refresh token was used, or a second factor turned
   * on, by which this would be a way round.
   */
  private async repeat(
    { sessionId }: { sessionId: string | null },
    { password }: Registration,
  ): Promise<TokenBundle | null> {
    if (sessionId === null) return null;
    const found = await this.sessions.find(sessionId);
    if (!found?.live || found.over || found.session.generation > 0) throw new IdempotencyKeyReused();
    if (Object.keys(found.user.secondFactors).length > 0) throw new IdempotencyKeyReused();
    await this.passwords.requireMatch(found.user.id, password).catch((error: unknown) => {
      throw error instanceof PasswordIncorrect ? new IdempotencyKeyReused() : error;
    });
    return this.bundles.issue(found);
  }
}
