/** What a host application may import of this feature, as `tokenhouse/two-factor`. */
export { TwoFactorModule } from './two-factor.module.js';
