import { checkPrimeSync, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';

/** The product of the primes to 167, by whose powers of 65537 keys with the ROCA flaw are known. */
const PRIMORIAL = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
  113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
].reduce((product, prime) => product * BigInt(prime), 1n); // prettier-ignore

const PUBLIC_EXPONENT = 65_537n;

/** An RSA key of 2048 bits as the flawed generator of CVE-2017-15361 made them. */
export function rocaKey(): KeyObject {
  return rsaKeyOf(rocaPrime(), rocaPrime(), PUBLIC_EXPONENT);
}

/** k · M + (65537^a mod M), until it is prime. */
function rocaPrime(): bigint {
  const bits = 1024n;
  for (;;) {
    const residue = powerOf(PUBLIC_EXPONENT, toBigInt(randomBytes(8)), PRIMORIAL);
    const start = (3n << (bits - 2n)) / PRIMORIAL;
    const candidate = (start + (toBigInt(randomBytes(64)) % (start / 4n))) * PRIMORIAL + residue;
    if (candidate >> (bits - 1n) === 1n && checkPrimeSync(candidate)) return candidate;
  }
}

export function rsaKeyOf(p: bigint, q: bigint, e: bigint): KeyObject {
  const d = inverseOf(e, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverseOf(q, p) };
  const members = Object.entries(numbers).map(([name, value]) => [name, toBase64url(value)]);
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(members) }, format: 'jwk' });
}

function powerOf(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) {
    if (e & 1n) result = (result * b) % modulus;
  }
  return result;
}

/** Extended Euclid. */
function inverseOf(value: bigint, modulus: bigint): bigint {
  let [r, next, s, after] = [modulus, value % modulus, 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next, s, after] = [next, r - quotient * next, after, s - quotient * after];
  }
  return ((s % modulus) + modulus) % modulus;
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function toBase64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}
