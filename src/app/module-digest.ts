import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * SHA-256 over this module's code: every source file's path (with `/`), length and bytes, in ascending order of path.
 * Without attestation it is only what the module's own side claims to run.
 */
export function moduleDigest(): Uint8Array {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const hash = createHash('sha256');
  for (const file of sourceFiles(root)) {
    const bytes = readFileSync(file);
    hash.update(`${relative(root, file).split(sep).join('/')}\n${bytes.length}\n`).update(bytes);
  }
  return new Uint8Array(hash.digest());
}

function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
