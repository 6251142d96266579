/*
 * A process of its own that writes to an embedded ledger until it is killed or has sent what it was told to:
 *   node test/ledger/writer-process.ts <file> <organisation> <name> <count>
 * It prints the id of a transaction before it submits it, and again, with the block, when it is committed.
 */
import { writeSync } from 'node:fs';
import { ledgerIdOf } from '../../src/contract/index.ts';
import { toBase64Url } from '../../src/core/index.ts';
import { openEmbeddedLedger } from '../../src/ledger/index.ts';
import {
  CountingRandom,
  ledgerKey,
  ManualClock,
  type OrganisationName,
  TEST_MODULE,
  testGenesis,
  testSigner,
} from '../support/ledger-network.ts';

const [file, organisation, name, count] = process.argv.slice(2) as [string, OrganisationName, string, string];
const ledger = await openEmbeddedLedger({
  file,
  ledgerId: ledgerIdOf(testGenesis()),
  organisation,
  signer: ledgerKey(organisation),
  clock: new ManualClock(),
  random: new CountingRandom(name),
});
for (let i = 0; i < Number(count); i++) {
  const key = toBase64Url(testSigner(`${name} ${i}`).publicKey);
  const prepared = await ledger.prepare('registerKey', { key, module: TEST_MODULE, attestation: 'none' });
  writeSync(1, `prepared ${prepared.txId}\n`);
  const commit = await ledger.submit(prepared);
  writeSync(1, `committed ${commit.txId} ${commit.block.number}\n`);
}
await ledger.close();
