import { Injectable } from '@nestjs/common';
import { RefreshBudget } from '../sessions/refresh-budget.js';
import { SessionRotation } from '../sessions/session-rotation.service.js';
import { RefreshTokens } from '../tokens/refresh-tokens.js';
import { RefreshTokenInvalid } from '../tokens/tokens.errors.js';
import { RecentBundles } from './recent-bundles.js';
import type { TokenBundle } from './token-bundle.js';

/** Refreshing: a refresh token for the next one and a fresh access token. */
@Injectable()
export class RefreshService {
  constructor(
    private readonly refreshTokens: RefreshTokens,
    private readonly rotation: SessionRotation,
    private readonly bundles: RecentBundles,
    private readonly budget: RefreshBudget,
  ) {}

  /** @throws RefreshTokenInvalid, RefreshTokenReused, SessionRevoked, TooManyRequests */
  async refresh(refreshToken: unknown): Promise<TokenBundle> {
    const named = this.refreshTokens.read(refreshToken);
    if (!named) throw new RefreshTokenInvalid();
    const rotation = await this.rotation.rotate(named.sessionId, named.generation);
    const recent = this.bundles.recall(rotation);
    if (recent) return recent;
    if (rotation.late) await this.budget.spend(rotation.session.id);
    return this.bundles.issue(rotation);
  }
}
