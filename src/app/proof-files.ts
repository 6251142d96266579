import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the proof about a batch lies: beside the store. */
export function proofFile(store: string, n: number, kind: string): string {
  return join(`${store}.proofs`, `${n}-${kind}.json`);
}

/** A proof that is there is there whole. */
export function keepProof(file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.part`, bytes, { mode: 0o600, flush: true });
  renameSync(`${file}.part`, file);
}
