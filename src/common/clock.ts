import { Injectable } from '@nestjs/common';

/** The process clock. Everything that reads time asks it, so that tests can hold it still. */
@Injectable()
export class Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number {
    return Date.now();
  }

  /** Whole seconds since the epoch, as a JWT NumericDate (RFC 7519, section 2). */
  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }
}
