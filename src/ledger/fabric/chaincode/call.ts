import { type Bytes, canonicalJson, fromUtf8, type Json, RejectedError } from '../../../core/index.ts';
import { refuse } from './errors.ts';
import type { Answer, Stub } from './stub.ts';

const OK = 200;
const ERROR = 500;
const NOTHING: Bytes = new Uint8Array(0);

/** Writes one line of the process's log: never an argument, a key or a value. */
export type Log = (line: string) => void;

/** A function of a chaincode. Gives the payload, or `undefined` for an empty one. */
export interface ChaincodeFunction {
  /** Number of its arguments. */
  readonly takes: number;
  readonly run: (stub: Stub, args: readonly Bytes[]) => Promise<Json | undefined>;
}

/**
 * Calls the function that argument 0 names. Every outcome is an answer: nothing that a request brings ends the process or
 * leaves the peer waiting.
 */
export async function call(functions: ReadonlyMap<string, ChaincodeFunction>, stub: Stub, log: Log): Promise<Answer> {
  let name = '?';
  try {
    const [first, ...args] = stub.getBufferArgs();
    const asked = first === undefined ? '' : fromUtf8(first);
    const found = functions.get(asked) ?? refuse('BAD_CALL', 'The chaincode has no function of this name.');
    name = asked;
    if (args.length !== found.takes) refuse('BAD_CALL', `The function ${name} takes ${found.takes} arguments, not ${args.length}.`);
    const result = await found.run(stub, args);
    return { status: OK, payload: result === undefined ? NOTHING : canonicalJson(result) };
  } catch (error) {
    return refusal(error, name, log);
  }
}

function refusal(error: unknown, name: string, log: Log): Answer {
  if (error instanceof RejectedError) {
    log(`${name} refused: ${error.code}`);
    return answer(String(error.code), error.message);
  }
  log(`${name} failed: ${placeOf(error)}`);
  return answer('INTERNAL', 'The chaincode failed. Its log says where.');
}

function answer(code: string, message: string): Answer {
  return { status: ERROR, message: fromUtf8(canonicalJson({ code, message: message.toWellFormed() })), payload: NOTHING };
}

/** Kind and place of a fault. Its message is left out, for it may quote an argument. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frame = error.stack?.split('\n').find((line) => /^\s+at /.test(line));
  return `${error.name}${frame === undefined ? '' : ` ${frame.trim()}`}`;
}
