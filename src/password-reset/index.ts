/** What a host application may import of this feature, as `tokenhouse/password-reset`. */
export { PasswordResetModule } from './password-reset.module.js';
