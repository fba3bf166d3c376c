/** What a host application may import of this feature, as `tokenhouse/revocations`. */
export { RevocationsModule } from './revocations.module.js';
