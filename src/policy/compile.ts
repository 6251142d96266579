import { type Bytes, labelledHash, type PersonFile } from '../core/index.ts';
import { compileStream } from './compile-stream.ts';
import { compileTags } from './compile-tags.ts';
import type { ComputeModule } from './compute-module.ts';
import { readPolicyFile, refusalsOf, termsOf, within } from './policy-file.ts';
import type { MappingPolicy } from './policy-types.ts';

/**
 * Compiles a mapping policy. What comes out gives exactly one condition for every value that each stream can have.
 * @param file a parsed file, or a name and text to parse; the name stands in refusals
 * @param modules the compute modules that the policy may name, by their digest (lower-case hexadecimal SHA-256)
 * @throws RejectedError `BAD_FILE` where the schema refuses it, or a PolicyErrorCode: in one sentence file, line, place,
 *   the values that show it, and the remedy
 */
export function compilePolicy(
  file: PersonFile | { readonly name: string; readonly text: string },
  modules: ReadonlyMap<string, ComputeModule> = new Map(),
): MappingPolicy {
  const parsed = 'text' in file ? readPolicyFile(file.name, file.text) : file;
  const terms = termsOf(parsed);
  const refuse = refusalsOf(parsed);
  const tags = compileTags(terms.tags, within(refuse, 'tags'));
  const names = new Set<string>();
  const streams = terms.streams.map((term, index) => {
    const refuseStream = within(refuse, 'streams', index);
    if (names.has(term.name))
      refuseStream('POLICY_INCONSISTENT', ['name'], 'two streams have this name', 'Give each stream a name of its own.');
    names.add(term.name);
    return compileStream(term, tags, modules, refuseStream);
  });
  return { id: terms.id, version: terms.version, tags, streams };
}

/**
 * Commitment to a mapping policy: hides it, for its contents can be guessed.
 * @param nonce 32 bytes, secret, one for each channel
 * @param bytes the policy's file as it is
 */
export function policyCommitment(nonce: Bytes, bytes: Bytes): Bytes {
  return labelledHash('DCMB/0/commitment/policy', nonce, bytes);
}
