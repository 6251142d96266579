import { DcmbError, FatalError, UnavailableError } from '../core/index.ts';

/** True for a fault of the disk that may pass: room is made, the disk is writable again or answers. */
export function isPassingStoreFault(error: unknown): boolean {
  return error instanceof UnavailableError && /^STORE_/.test((error as UnavailableError<string>).code);
}

/** True where what a module remembers of its store may not be what stands there. */
function isStoreFault(error: unknown): boolean {
  return isPassingStoreFault(error) || error instanceof FatalError || !(error instanceof DcmbError);
}

/**
 * The same store, but every fault of it is told, whoever met it. After one the module must go on from what it reads: the
 * call may have taken effect or not.
 */
export function watchedStore<Store extends object>(store: Store, onFault: (error: unknown) => void): Store {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        try {
          return Reflect.apply(member, target, args);
        } catch (error) {
          if (isStoreFault(error)) onFault(error);
          throw error;
        }
      };
    },
  });
}
