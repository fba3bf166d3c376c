/** What a host application may import of this feature, as `tokenhouse/registration`. */
export { RegistrationModule } from './registration.module.js';
export {
  type Registering,
  type Registration,
  type RegistrationHook,
  RegistrationService,
} from './registration.service.js';
