import { type DynamicModule, Module } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from './app-config.js';
import { type Environment, processEnvironment } from './environment.js';
import { loadConfig } from './load-config.js';

/** Provides the one `AppConfig` and the clock, everywhere. */
@Module({})
export class ConfigModule {
  /** `environment` stands in for the process environment, with the same names. */
  static forRoot(environment?: Environment): DynamicModule {
    const useFactory = (): AppConfig => loadConfig(environment ?? processEnvironment());
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: AppConfig, useFactory }, Clock],
      exports: [AppConfig, Clock],
    };
  }
}
