/** The floors of ARCHITECTURE.md: a folder of `src/` imports only folders of lower floors, through their `index.ts`. */
export const FLOORS: readonly (readonly string[])[] = [
  ['core'],
  ['policy', 'agreement', 'evidence', 'attestation'],
  ['contract'],
  // Replays a Fabric channel's blocks through the contract.
  ['fabric-blocks'],
  // The auditor executes the contract again, so it stands above it.
  ['audit'],
  ['ledger', 'store', 'platform', 'nodeset'],
  ['transfer', 'certification'],
  ['server', 'client'],
  ['app'],
  ['cli'],
];

/** Folders of the floors up to audit: no I/O, ambient clock or randomness. */
export const PURE_FOLDERS: readonly string[] = FLOORS.slice(0, 5).flat();

/** The only pure files that may use node:crypto: a browser build replaces them. */
export const CRYPTO_FILES: readonly string[] = ['src/core/crypto.ts', 'src/core/ecdsa.ts', 'src/core/ed25519.ts'];
