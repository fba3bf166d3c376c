/** What a host application may import of this feature, as `tokenhouse/oauth`. */
export { OauthModule } from './oauth.module.js';
