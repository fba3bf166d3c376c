import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthClientModule, type AuthClientOptions, JwtAuthGuard } from 'tokenhouse/client';
import { HealthController } from './health.controller.js';
import { OrdersModule } from './orders/orders.module.js';

/** Every route needs a token unless it says otherwise. */
@Module({
  imports: [OrdersModule],
  controllers: [HealthController],
  providers: [{ provide: APP_GUARD, useExisting: JwtAuthGuard }],
})
export class AppModule {
  static forRoot(auth: AuthClientOptions): DynamicModule {
    return { module: AppModule, imports: [AuthClientModule.forRoot(auth)] };
  }
}
