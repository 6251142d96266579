/*
 * Builds Fabric's commands in fabric/bin unless they are there, and shows how far it is.
 */
import { fileURLToPath } from 'node:url';
import { buildFabric } from '../src/ledger/index.ts';

const SHOWN_EVERY_MS = 2000;
let shownMs = 0;

await buildFabric(fileURLToPath(new URL('../fabric/bin', import.meta.url)), ({ text }) => {
  if (Date.now() - shownMs < SHOWN_EVERY_MS) return;
  shownMs = Date.now();
  console.log(text);
});
