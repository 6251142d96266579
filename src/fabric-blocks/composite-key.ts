/**
 * The key under which Fabric holds an entry of the contract's state: `kind~a~b` as the shim's composite key of object type `kind`
 * with the attributes `a` and `b`.
 */
export function compositeKey(key: string): string {
  return `\u0000${key.split('~').join('\u0000')}\u0000`;
}
