import { MalformedRequest } from './common.errors.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The parameters of a form (WHATWG URL, section 5.1); undefined for an empty body.
 * @throws MalformedRequest when it is not UTF-8, or a parameter is repeated (RFC 6749, section 3.2)
 */
export function parseFormBody(body: Buffer): Record<string, string> | undefined {
  if (body.length === 0) return undefined;
  const parameters = [...new URLSearchParams(decode(body))];
  const form = Object.fromEntries(parameters);
  if (Object.keys(form).length < parameters.length)
    throw new MalformedRequest('A parameter of the form is repeated.');
  return form;
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new MalformedRequest('The form is not UTF-8.');
  }
}
