import { Injectable } from '@nestjs/common';
import { currentPrincipal } from 'tokenhouse/client';

export interface Order {
  owner: string;
  item: string;
}

@Injectable()
export class OrdersService {
  private orders: Order[] = [];

  list(): Order[] {
    return this.orders.filter(({ owner }) => owner === this.me());
  }

  place(item: string): Order {
    const order = { owner: this.me(), item };
    this.orders.push(order);
    return order;
  }

  cancelAll(): void {
    this.orders = this.orders.filter(({ owner }) => owner !== this.me());
  }

  /** Whoever asks, known in any provider without being passed around. */
  private me(): string {
    const principal = currentPrincipal();
    if (!principal) throw new Error('Only for guarded routes.');
    return principal.user.id;
  }
}
