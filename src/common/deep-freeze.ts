/** Freezes a value with the plain objects and arrays in it; others, such as keys, are left alone. */
export function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    const plain = Array.isArray(child) || Object.getPrototypeOf(child ?? 0) === Object.prototype;
    if (plain) deepFreeze(child as object);
  }
  return Object.freeze(value);
}
