/** What a host application may import of this feature, as `tokenhouse/passkeys`. */
export { PasskeysModule } from './passkeys.module.js';
