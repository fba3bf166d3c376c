import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

const PEM = /-{3,}\s?BEGIN\b|\bBEGIN [A-Z0-9 ]*(?:KEY|CERTIFICATE)/i;
const SSH = /^\s*(?:ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)/;

/** Whether a text holds, or once held, a PEM block. */
export function looksLikePem(text: string): boolean {
  return PEM.test(text);
}

/**
 * The name of the key format that a text is written in, also in base64 or hex; null when it is none. Such text must
 * never become an HMAC secret: its public half, or all of it, may be known to everybody.
 */
export function keyFormatOf(text: string): string | null {
  if (SSH.test(text)) return 'SSH';
  const compact = text.replace(/\s/g, '');
  return formatOf(Buffer.from(text)) ?? (decodings(compact).map(formatOf).find(Boolean) || null);
}

function decodings(text: string): Buffer[] {
  const buffers: Buffer[] = [];
  if (/^[\w+/-]+={0,2}$/.test(text)) buffers.push(Buffer.from(text, 'base64'));
  if (/^(?:[\da-f]{2})+$/i.test(text)) buffers.push(Buffer.from(text, 'hex'));
  return buffers;
}

function formatOf(bytes: Buffer): string | null {
  const text = bytes.toString();
  if (looksLikePem(text)) return 'PEM';
  if (isJson(text)) return 'JWK';
  return isDer(bytes) ? 'DER' : null;
}

function isJson(text: string): boolean {
  if (/^\s*[{[]\s*"/.test(text) && /"k(?:ty|eys)"/.test(text)) return true;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

function isDer(key: Buffer): boolean {
  // Every key and certificate is an ASN.1 SEQUENCE.
  if (key[0] !== 0x30) return false;
  const readers = [
    () => createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key, format: 'der', type: 'sec1' }),
    () => createPublicKey({ key, format: 'der', type: 'spki' }),
    () => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
    () => new X509Certificate(key),
  ];
  return readers.some(canRead);
}

function canRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE';
  }
}
