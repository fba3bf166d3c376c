import { Module } from '@nestjs/common';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';

/** Imports nothing of Tokenhouse: `AuthClientModule` is global once it is in the application. */
@Module({ controllers: [OrdersController], providers: [OrdersService] })
export class OrdersModule {}
