/** What a host application may import of this feature, as `tokenhouse/health`. */
export { HealthModule } from './health.module.js';
