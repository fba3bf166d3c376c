import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JwtAlgorithm } from '../../../../src/config/app-config.js';
import { parseBearerTokenKeys } from '../../../../src/config/keys/bearer-token-key.js';
import { rocaKey } from '../../../support/weak-keys.js';

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const ec = (namedCurve = 'P-256'): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number, publicExponent = 65_537): KeyObject =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey;
const secret = (bytes = 48): string => randomBytes(bytes).toString('base64url');

const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const RSA3072 = rsa(3072);

/** What stops the boot, without a word of the key. */
function refused(text: string, algorithm?: JwtAlgorithm): string {
  const { problems } = parseBearerTokenKeys(text, algorithm);
  expect(problems.length).toBeGreaterThan(0);
  for (const problem of problems) expect(problem).toMatch(/^BEARER_TOKEN_KEY \(line \d+\) [^\n]+\.$/);
  const said = problems.join('\n');
  // Any eight letters of the value would be too many; names of algorithms and the armour are no secret.
  const value = text.replace(/-----[A-Z ]+-----/g, '').replace(/\b[A-Z]{2}\d{3}:/g, '');
  for (let at = 0; at + 8 <= value.length; at++) expect(said).not.toContain(value.slice(at, at + 8));
  return said;
}

function accepted(text: string, algorithm?: JwtAlgorithm): string[] {
  const { keys, problems } = parseBearerTokenKeys(text, algorithm);
  expect(problems).toEqual([]);
  return keys.map((key) => key.algorithm);
}

describe('BEARER_TOKEN_KEY', () => {
  it('may be absent', () => {
    expect(parseBearerTokenKeys(undefined, 'ES256')).toEqual({ keys: [], problems: [], warnings: [] });
    refused('\n \n');
  });

  it('takes a secret as its UTF-8 bytes', () => {
    const text = `${secret()}é`;
    const { keys } = parseBearerTokenKeys(text, undefined);
    expect(keys[0]?.algorithm).toBe('HS256');
    expect(keys[0]?.signingKey.export()).toEqual(Buffer.from(text));
    expect(keys[0]?.verificationKey.equals(keys[0].signingKey)).toBe(true);
    expect(keys[0]?.kid).toMatch(/^[\w-]{43}$/);
    expect(parseBearerTokenKeys(text, undefined).keys[0]?.kid).toBe(keys[0]?.kid);
  });

  it('takes private keys in PEM, by what they are', () => {
    expect(accepted(pem(P256.privateKey))).toEqual(['ES256']);
    expect(accepted(P256.privateKey.export({ type: 'sec1', format: 'pem' }).toString())).toEqual(['ES256']);
    expect(accepted(pem(ec('P-384')))).toEqual(['ES384']);
    expect(accepted(pem(ec('P-521')))).toEqual(['ES512']);
    expect(accepted(pem(RSA3072))).toEqual(['RS256']);
    expect(accepted(RSA3072.export({ type: 'pkcs1', format: 'pem' }).toString(), 'PS384')).toEqual(['PS384']);
    expect(accepted(`PS512:${pem(RSA3072)}`, 'PS512')).toEqual(['PS512']);
  });

  it('takes PEM with CRLF, indented, without a last line break, and with EC PARAMETERS in front', () => {
    const text = pem(P256.privateKey);
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const sec1 = P256.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    const forms = [text.replace(/\n/g, '\r\n'), text.replace(/^/gm, '    '), text.trim(), parameters + sec1];
    for (const form of [...forms, `ES256:${parameters}${sec1}`, `ES256:\n${text}`])
      expect(accepted(form)).toEqual(['ES256']);
  });

  it('names an EC or RSA key by its RFC 7638 thumbprint, and holds its public half beside it', () => {
    const { keys } = parseBearerTokenKeys(pem(P256.privateKey), undefined);
    const { crv, kty, x, y } = P256.publicKey.export({ format: 'jwk' });
    const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    expect(keys[0]?.kid).toBe(thumbprint);
    expect(keys[0]?.verificationKey.type).toBe('public');
    expect(keys[0]?.verificationKey.equals(P256.publicKey)).toBe(true);
  });

  it('takes several, each with its own algorithm; the first signs', () => {
    const text = `${pem(P256.privateKey)}RS512:${pem(RSA3072)}\nHS256:${secret()}\nHS512:${secret(64)}`;
    expect(accepted(text)).toEqual(['ES256', 'RS512', 'HS256', 'HS512']);
    expect(accepted(`${secret()}\n${secret()}`)).toEqual(['HS256', 'HS256']);
    expect(accepted(`${secret(64)}\nES384:${pem(ec('P-384'))}`, 'HS512')).toEqual(['HS512', 'ES384']);
  });

  it('warns of RSA keys under 3072 bits, and only of those', () => {
    const { keys, problems, warnings } = parseBearerTokenKeys(`\n${pem(rsa(2048))}`, undefined);
    expect([keys.length, problems.length, warnings.length]).toEqual([1, 0, 1]);
    expect(warnings[0]).toMatch(/^BEARER_TOKEN_KEY \(line 2\) .*3072/);
    expect(parseBearerTokenKeys(pem(RSA3072), undefined).warnings).toEqual([]);
  });

  it('lists every problem at once, each with its line', () => {
    const { problems } = parseBearerTokenKeys(
      `${secret()}\nshort-q8Zw2\n${pem(rsa(1024))}HS999:${secret()}`,
      undefined,
    );
    expect(problems.map((problem) => /line (\d+)/.exec(problem)?.[1])).toEqual(
      expect.arrayContaining(['2', '3']),
    );
    expect(problems).toHaveLength(3);
  });

  it('the first must fit BEARER_TOKEN_ALGORITHM', () => {
    const [key, word] = [pem(P256.privateKey), secret()];
    expect(accepted(key, 'ES256')).toEqual(['ES256']);
    for (const algorithm of ['ES384', 'RS256', 'HS256'] as const) refused(key, algorithm);
    for (const algorithm of ['ES256', 'RS256', 'PS512'] as const) refused(word, algorithm);
    for (const algorithm of ['ES256', 'HS256'] as const) refused(pem(RSA3072), algorithm);
    expect(refused(`ES256:${key}`, 'RS256')).toContain('BEARER_TOKEN_ALGORITHM is RS256');
  });
});

describe('JWT-15: rings that cannot be', () => {
  it('one key twice, also under two algorithms', () => {
    const word = secret(64);
    for (const text of [`${word}\n${word}`, `HS256:${word}\nHS512:${word}`])
      expect(refused(text)).toContain('twice');
    expect(refused(pem(P256.privateKey) + pem(P256.privateKey))).toContain('twice');
    expect(refused(`RS256:${pem(RSA3072)}PS256:${pem(RSA3072)}`)).toContain('twice');
  });

  it('a secret and an EC key under one algorithm', () => {
    const [key, word] = [pem(P256.privateKey), secret()];
    for (const text of [
      `${key}${word}`,
      `${word}\n${key}`,
      `ES256:${key}ES256:${word}`,
      `HS256:${word}\nHS256:${key}`,
    ]) {
      refused(text);
    }
    refused(`${key}${word}`, 'ES256');
    expect(accepted(`${key}HS256:${word}`)).toEqual(['ES256', 'HS256']);
  });
});

describe('JWT-46: keys that stop the boot', () => {
  it('HMAC secrets under the length of the hash, and empty ones', () => {
    for (const [algorithm, minimum] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const) {
      const word = secret(96);
      expect(accepted(word.slice(0, minimum), algorithm)).toEqual([algorithm]);
      expect(refused(word.slice(0, minimum - 1), algorithm)).toContain(`${minimum} bytes`);
      refused(`${algorithm}:${word.slice(0, minimum - 1)}`);
    }
    refused('HS256:');
  });

  it('RSA keys under 2048 bits, with an exponent of 1 or 3, or with the ROCA fingerprint', () => {
    expect(refused(pem(rsa(1024)))).toContain('2048');
    expect(refused(pem(rsa(2048, 3)))).toContain('exponent');
    expect(refused(pem(rocaKey()))).toContain('ROCA');
  });

  it('other curves and kinds of keys', () => {
    for (const curve of ['prime192v1', 'secp224r1', 'secp256k1']) refused(pem(ec(curve)));
    refused(`ES256:${pem(ec('secp256k1'))}`);
    refused(`ES256:${pem(ec('P-384'))}`);
    refused(pem(generateKeyPairSync('ed25519').privateKey));
    refused(pem(generateKeyPairSync('x25519').privateKey));
    refused(pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey), 'PS256');
  });

  it('public keys and certificates', () => {
    for (const type of ['spki', 'pkcs1'] as const) {
      const publicRsa = parseBearerTokenKeys(pem(RSA3072), undefined).keys[0]?.verificationKey;
      expect(refused(String(publicRsa?.export({ type, format: 'pem' })))).toContain('public');
    }
    refused(`HS256:${String(P256.publicKey.export({ type: 'spki', format: 'pem' }))}`);
    refused('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----');
  });

  it('PEM with lost line breaks, cut, damaged or under a passphrase', () => {
    const text = pem(P256.privateKey).trim();
    const broken = [
      text.replaceAll('\n', ''), text.replaceAll('\n', ' '), text.replaceAll('\n', '\\n'), text.slice(0, -30),
      text.split('\n').slice(0, -1).join('\n'), text.replace('MIG', 'MIX'), `HS256:${text.replaceAll('\n', '')}`,
      text.replace('-----BEGIN', '----- BEGIN'), text.replace('-----BEGIN', '---- BEGIN'), text.toLowerCase(),
      text.split('\n').slice(1).join('\n'), text.split('\n').slice(1, -1).join('\n'), text.split('\n').slice(1, -1).join(''),
      P256.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----',
    ]; // prettier-ignore
    for (const each of broken) refused(each);
  });

  it('keys in other forms, which must never become secrets', () => {
    const keys = [P256.privateKey, P256.publicKey, RSA3072];
    for (const key of keys) {
      const jwk = JSON.stringify(key.export({ format: 'jwk' }));
      const type = key.type === 'private' ? 'pkcs8' : 'spki';
      const der = key.export({ type, format: 'der' } as { type: 'spki'; format: 'der' });
      const armoured = String(key.export({ type, format: 'pem' } as { type: 'spki'; format: 'pem' }));
      const forms = [
        jwk, JSON.stringify(JSON.parse(jwk), null, 2), `{"keys":[${jwk}]}`, ` ${jwk}`, `HS256:${jwk}`,
        Buffer.from(jwk).toString('base64url'), der.toString('base64'), der.toString('base64url'), der.toString('hex'),
        (der.toString('base64').match(/.{1,64}/g) ?? []).join('\n'), Buffer.from(armoured).toString('base64'), der.toString('utf8'),
      ]; // prettier-ignore
      for (const form of forms) refused(form);
    }
    refused(`ssh-ed25519 ${secret(51)} somebody@host`);
  });

  it('samples, repetitions, sequences and what is no text', () => {
    const samples = [
      'change-me-to-a-long-random-string-please-0001', 'your-256-bit-secret-your-256-bit-secret-xyz',
      'a-string-secret-at-least-256-bits-long', 'replace-this-with-32-random-bytes-q1w2e3r4t5', '<a secret of at least 32 random bytes>',
      'x'.repeat(64), 'qwertz81'.repeat(8), '0123456789abcdefghijklmnopqrstuvwxyz', 'ababababcababababcabababcababab',
      `${secret()} `, ` ${secret()}`, `${secret()}\0`, `${secret()}\u0007`, `${secret()}\ufffd`,
    ]; // prettier-ignore
    for (const sample of samples) refused(sample);
  });

  it('the sample key of RFC 7515, appendix A.3', () => {
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
    };
    expect(refused(pem(createPrivateKey({ key: jwk, format: 'jwk' })))).toContain('sample');
  });

  it('random secrets get through', () => {
    for (let time = 0; time < 300; time++) {
      const bytes = randomBytes(64);
      for (const form of ['hex', 'base64', 'base64url'] as const) accepted(bytes.toString(form), 'HS512');
    }
  });
});
