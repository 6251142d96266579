import { type PersonFile, RejectedError } from '../core/index.ts';
import type { PolicyErrorCode } from './errors.ts';

/** What a compute step sees: the last value of each source tag by the tag's name. 64-bit integers come as doubles. */
export type ComputeInputs = Readonly<Record<string, number | boolean | string>>;

/**
 * An ES module that computes one number from the source tags' last values. The adapter that loads it (it lives on a
 * higher floor, for it needs the engine) answers for this contract:
 * - the source's SHA-256 is `digest`, and its form is what {@link requireComputeForm} allows;
 * - it runs without I/O, clock, randomness or memory of earlier calls, so that equal inputs give equal results;
 * - what it throws, and what is not a number, comes out as NaN, which the stream takes as a bad reading;
 * - where it does not come to an end, `run` throws a FatalError: a limit of time is no property of the inputs, so an
 *   auditor who repeats the computation could not come to the same result.
 */
export interface ComputeModule {
  /** SHA-256 of the source, lower-case hexadecimal. */
  readonly digest: string;
  run(inputs: ComputeInputs): number;
}

/**
 * The form of a compute module's source: an ES module with exactly one export, `export default` before a function
 * expression or declaration, at the beginning of a line and after everything else at top level; and without imports,
 * static or dynamic, and without asynchronous functions, whose end nobody would wait for. The words `import`, `export`,
 * `async` and `await` must not stand anywhere else, comments and texts included, so that this check needs no parser.
 * @throws RejectedError `COMPUTE_MODULE_FORM`
 */
export function requireComputeForm(source: string): void {
  const refuse = (why: string): never => {
    throw new RejectedError<PolicyErrorCode>('COMPUTE_MODULE_FORM', `The compute module is refused: ${why}.`);
  };
  if (/\bimport\b/.test(source)) refuse('the word "import" stands in it; a compute module imports nothing');
  if (/\b(?:async|await)\b/.test(source)) refuse('the word "async" or "await" stands in it; a compute module answers at once');
  if (source.match(/\bexport\b/g)?.length !== 1 || !/^export default[ \t]+(function\b|\(|[A-Za-z_$][\w$]*)/m.test(source)) {
    refuse('it needs exactly one "export", at the beginning of a line: "export default function (inputs) { … }"');
  }
}

/** The modules that a policy's file names, for the loader. Takes any parsed file; what is malformed, compiling refuses. */
export function computeModulesOf(file: PersonFile): readonly { readonly file: string; readonly sha256: string }[] {
  const streams = (file.value as { streams?: unknown } | null)?.streams;
  if (!Array.isArray(streams)) return [];
  return streams.flatMap((stream: { compute?: { kind?: unknown; file?: unknown; sha256?: unknown } } | null) => {
    const { kind, file: path, sha256 } = stream?.compute ?? {};
    return kind === 'module' && typeof path === 'string' && typeof sha256 === 'string' ? [{ file: path, sha256 }] : [];
  });
}
