import { fromUtf8, type Json } from '../../../core/index.ts';
import manifest from '../../../../package.json' with { type: 'json' };
import { call, type ChaincodeFunction, type Log } from './call.ts';
import { refuse } from './errors.ts';
import { StubState } from './state.ts';
import type { Answer, Stub } from './stub.ts';

const FUNCTIONS: ReadonlyMap<string, ChaincodeFunction> = new Map<string, ChaincodeFunction>([
  ['get', { takes: 1, run: (stub, [key = new Uint8Array(0)]) => get(stub, fromUtf8(key)) }],
  ['about', { takes: 0, run: () => Promise.resolve({ contract: manifest.version }) }],
]);

/**
 * The certification chaincode, as far as evidence needs it: `get` gives one value by its key, or nothing. Nobody can write
 * yet, so no module has a status.
 */
export function invokeCertification(stub: Stub, log: Log): Promise<Answer> {
  return call(FUNCTIONS, stub, log);
}

function get(stub: Stub, key: string): Promise<Json | undefined> {
  if (!/^[^~\0]+(~[^~\0]+)*$/.test(key)) refuse('BAD_CALL', 'This is no key of the certification state.');
  return new StubState(stub).get(key);
}
