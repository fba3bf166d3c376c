const SALT_BYTES = { min: 8, max: 64 };
const DIGEST_BYTES = { min: 16, max: 64 };

export interface SaltedDigest {
  readonly salt: Buffer;
  readonly digest: Buffer;
}

/** What the pattern of a format found, by the names of its groups. */
export type Groups = Partial<Record<string, string>>;

/** What the first of `formats` that fits finds in `text`. */
export function matchFormat(formats: readonly RegExp[], text: string): Groups | null {
  for (const format of formats) {
    const groups = format.exec(text)?.groups;
    if (groups) return groups;
  }
  return null;
}

/**
 * Salt and digest by how they are written: `salt64` and `digest64` in base64, `digestHex`, and `saltText`, which is
 * used as it stands. Null where one is too short to protect anything, or longer than systems make them.
 */
export function saltedDigest({ saltText, salt64, digest64, digestHex }: Groups): SaltedDigest | null {
  const salt = saltText === undefined ? fromBase64(salt64) : Buffer.from(saltText);
  const digest = digestHex === undefined ? fromBase64(digest64) : Buffer.from(digestHex, 'hex');
  return within(salt, SALT_BYTES) && within(digest, DIGEST_BYTES) ? { salt, digest } : null;
}

/** Of the same sizes, and of nobody. */
export function emptyCopy({ salt, digest }: SaltedDigest): SaltedDigest {
  return { salt: Buffer.alloc(salt.length), digest: Buffer.alloc(digest.length) };
}

/** Base64 with or without padding, or as passlib adapts it, with dots for pluses; nothing unless it is exactly that. */
function fromBase64(text = ''): Buffer {
  const standard = text.replaceAll('.', '+').replace(/={1,2}$/, '');
  const bytes = Buffer.from(standard, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === standard ? bytes : Buffer.alloc(0);
}

function within({ length }: Buffer, { min, max }: { min: number; max: number }): boolean {
  return length >= min && length <= max;
}
