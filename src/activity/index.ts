/** What a host application may import of this feature, as `tokenhouse/activity`. */
export { ActivityModule } from './activity.module.js';
