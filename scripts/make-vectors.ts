import { writeFile } from 'node:fs/promises';
import { ed25519Vectors } from './vectors/ed25519.ts';
import { evidenceVectors } from './vectors/evidence.ts';

/*
 * Writes test/vectors/*.json anew. They are part of the format: a change here is a change of docs/evidence-format.md, and
 * with it of its version.
 */

const folder = new URL('../test/vectors/', import.meta.url);

export async function vectorFiles(): Promise<ReadonlyMap<string, string>> {
  const files = { 'evidence.json': await evidenceVectors(), 'ed25519.json': await ed25519Vectors() };
  return new Map(Object.entries(files).map(([name, content]) => [name, `${JSON.stringify(content, undefined, 1)}\n`]));
}

if (import.meta.main) {
  for (const [name, text] of await vectorFiles()) await writeFile(new URL(name, folder), text);
}
