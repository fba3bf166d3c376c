import type { CDPSession, Page } from 'playwright-core';

export interface AuthenticatorCredential {
  credentialId: string;
  isResidentCredential: boolean;
  rpId?: string;
  privateKey: string;
  userHandle?: string;
  signCount: number;
}

interface Kind {
  transport: 'internal' | 'usb';
  /** Whether it can check who uses it. */
  hasUserVerification: boolean;
}

/** Chromium's own authenticator, which a page cannot tell from one of flesh and silicon. */
export class VirtualAuthenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  /** Plugs one in; it is touched whenever that is asked for, and knows its owner. */
  static async plugIn(
    page: Page,
    { transport, hasUserVerification }: Kind = { transport: 'internal', hasUserVerification: true },
  ): Promise<VirtualAuthenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport,
        hasResidentKey: true,
        hasUserVerification,
        isUserVerified: hasUserVerification,
        automaticPresenceSimulation: true,
      },
    });
    return new VirtualAuthenticator(session, authenticatorId);
  }

  async unplug(): Promise<void> {
    await this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.authenticatorId });
    await this.session.detach();
  }

  /** Whether it recognises who is using it. */
  async setUserVerified(isUserVerified: boolean): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  }

  async credentials(): Promise<AuthenticatorCredential[]> {
    const { authenticatorId } = this;
    return (await this.session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  }

  /** Puts a passkey into it, as a thief would put a copy. */
  async insert(credential: AuthenticatorCredential): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.clearCredentials', { authenticatorId });
    await this.session.send('WebAuthn.addCredential', { authenticatorId, credential });
  }
}
