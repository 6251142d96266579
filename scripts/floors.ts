/** The floors of ARCHITECTURE.md: a folder of `src/` imports only folders of lower floors, through their `index.ts`. */
export const FLOORS: readonly (readonly string[])[] = [
  ['core'],
  ['policy', 'agreement', 'evidence', 'attestation'],
  ['contract', 'audit'],
  ['ledger', 'store', 'platform', 'nodeset'],
  ['transfer', 'certification'],
  ['server', 'client'],
  ['app'],
  ['cli'],
];

/** Folders of floors 0 to 2: no I/O, ambient clock or randomness. */
export const PURE_FOLDERS: readonly string[] = FLOORS.slice(0, 3).flat();

/** The only pure files that may use node:crypto: a browser build replaces them. */
export const CRYPTO_FILES: readonly string[] = ['src/core/crypto.ts', 'src/core/ed25519.ts'];
