import type { INestApplicationContext } from '@nestjs/common';
import { Session, SessionsService, type TokenBundle, TokenBundles, User } from '../tokenhouse.js';
import type { Calls } from './calls.js';

interface Named {
  sid: string;
  userId: string;
}

/** The calls that hand out the tokens of sessions which `populate` made. */
export function tokenIssuer(app: INestApplicationContext): Calls {
  const sessions = app.get(SessionsService);
  const bundles = app.get(TokenBundles);

  const issue = async (sid: string): Promise<TokenBundle> => {
    const session = await sessions.find(sid);
    if (!session) throw new Error(`There is no session ${sid}.`);
    return bundles.issue(session);
  };

  /** The same without asking the database, for a session that was never refreshed. */
  const mint = ({ sid, userId }: Named): TokenBundle => {
    const [authenticatedAt, expiresAt] = [new Date(), new Date(Date.now() + 12 * 3_600_000)];
    const times = { authenticatedAt, expiresAt, idleExpiresAt: expiresAt };
    const session = Object.assign(new Session(), {
      id: sid,
      userId,
      generation: 0,
      methods: ['pwd'],
      ...times,
    });
    return bundles.issue({ session, user: Object.assign(new User(), { id: userId }) });
  };

  return {
    issue: (sids: string[]) => Promise.all(sids.map(issue)),
    mint: (sessions: Named[]) => sessions.map(mint),
  };
}
