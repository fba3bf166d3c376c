/** What a host application may import of this feature, as `tokenhouse/account`. */
export { AccountModule } from './account.module.js';
export { AccountService, type Updating, type UpdatingHook } from './account.service.js';
