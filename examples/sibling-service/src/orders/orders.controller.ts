import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import {
  type BearerPrincipal,
  CurrentPrincipal,
  CurrentUser,
  Public,
  Requires,
  steppedUp,
} from 'tokenhouse/client';
import { type Order, OrdersService } from './orders.service.js';

@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get()
  list(): Order[] {
    return this.orders.list();
  }

  @Post()
  place(@Body('item') item: string): Order {
    return this.orders.place(item);
  }

  /** What is known of the caller: the id, and what the token says. Everything else is the service's. */
  @Get('me')
  me(@CurrentUser() user: { id: string }, @CurrentPrincipal() { session, claims }: BearerPrincipal): object {
    return { id: user.id, methods: session.methods, issuer: claims.iss };
  }

  /** Only with a fresh sign-in or a password that was confirmed lately: 403 `step_up_required` otherwise. */
  @Delete()
  @HttpCode(204)
  @Requires(steppedUp)
  cancelAll(): void {
    this.orders.cancelAll();
  }

  @Public()
  @Get('about')
  about(): { about: string } {
    return { about: 'Orders of people who sign in elsewhere' };
  }
}
