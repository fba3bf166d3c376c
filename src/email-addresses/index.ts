/** What a host application may import of this feature, as `tokenhouse/email-addresses`. */
export { EmailAddressesModule } from './email-addresses.module.js';
