const GENERATOR = 65_537;
/** The primes that divide the smallest of the moduli used by the flawed generator; 2 tells nothing. */
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
  113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]; // prettier-ignore

const REMAINDERS = PRIMES.map((prime) => ({ prime: BigInt(prime), powers: powersOf(GENERATOR, prime) }));

/**
 * Whether an RSA modulus comes from the generator of CVE-2017-15361 (ROCA), whose primes are found by a thief:
 * they are powers of 65537 modulo many small primes, and so is their product. A sound key looks so by chance
 * once in 2^27.
 * Source: Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, section 2.2.
 */
export function hasRocaFingerprint(modulus: bigint): boolean {
  return REMAINDERS.every(({ prime, powers }) => powers.has(Number(modulus % prime)));
}

function powersOf(generator: number, prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * generator) % prime) powers.add(power);
  return powers;
}
