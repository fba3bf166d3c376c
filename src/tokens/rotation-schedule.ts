import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { KeyRotation } from './key-rotation.js';
import { KeyStore } from './key-store.js';

const LOOK_MS = 10 * 60_000;

/** Makes the next key when it is time (`KEY_ROTATION_DAYS`). It runs in every replica, and one of them does it. */
@Injectable()
export class RotationSchedule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('SigningKeys');
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly rotation: KeyRotation,
    private readonly store: KeyStore,
    private readonly config: AppConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), LOOK_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Looks whether it is time. What fails is logged and tried again next time. */
  async run(): Promise<void> {
    if (!this.store.isUsed || this.config.bearerToken.keyRotationDays === 0) return;
    try {
      const successor = await this.rotation.rotateIfDue();
      if (!successor) return;
      this.logger.log(
        `${successor.kid} is the next signing key, from ${new Date(successor.signsFromMs).toISOString()}`,
      );
    } catch (error) {
      this.logger.error(error);
    }
  }
}
