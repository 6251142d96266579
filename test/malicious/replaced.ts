/**
 * A part of a real module with some of its methods replaced; everything else is the real one's. What a malicious party
 * does to its own module is done by such parts.
 */
export function replacing<Part extends object>(real: Part, replaced: Partial<Part>): Part {
  return new Proxy(real, {
    get(target, name): unknown {
      if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}
