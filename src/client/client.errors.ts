import { Unavailable } from '../common/common.errors.js';

/** Nobody can tell here whether a token counts. The log has said why, once for all requests. */
export class ServiceSilent extends Unavailable {}
