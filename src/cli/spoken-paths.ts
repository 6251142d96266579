import { relative } from 'node:path';

/** A path as the person at this terminal would type it. */
export function spokenPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}

/** How this program is called here: in a clone there is no `dcmb` on the path. */
export const PROGRAM = import.meta.url.endsWith('.ts') ? 'npx dcmb' : 'dcmb';
