import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { FabricLedgerConfig } from '../../src/app/config.ts';
import { openLedgerPatiently } from '../../src/app/ledger-access.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'dcmb-ledger-mistakes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const identity = { organisation: 'owner', signer: undefined, clock: systemClock, random: systemRandom };
const msp = join(folder, 'msp');
const config: FabricLedgerConfig = { kind: 'fabric', id: 'A'.repeat(43), profile: join(folder, 'connection.json'), msp };

/** An identity whose network, on a port where nobody listens, is away. */
function writeAll(): void {
  for (const part of ['signcerts', 'keystore', 'cacerts']) mkdirSync(join(msp, part), { recursive: true });
  const [key, certificate] = [join(msp, 'keystore/key.pem'), join(msp, 'signcerts/cert.pem')];
  const make = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
    '-subj',
    '/CN=owner',
  ];
  execFileSync('openssl', ['req', '-x509', ...make], { stdio: 'ignore' });
  execFileSync('cp', [certificate, join(msp, 'cacerts/ca.pem')]);
  const organizations = { owner: { mspid: 'owner', peers: ['peer'] } };
  const peers = { peer: { url: 'grpcs://127.0.0.1:1', tlsCACerts: { path: 'msp/cacerts/ca.pem' } } };
  writeFileSync(config.profile, JSON.stringify({ organizations, peers }));
}

describe('a module that has run before and is started again', () => {
  test('does not start where a file of its own is missing, and says which', async () => {
    await assert.rejects(openLedgerPatiently(config, identity), { code: 'BAD_PROFILE', message: /connection\.json/ });
    writeAll();
    for (const name of readdirSync(join(msp, 'signcerts'))) rmSync(join(msp, 'signcerts', name));
    await assert.rejects(openLedgerPatiently(config, identity), { code: 'BAD_IDENTITY', message: /signcerts/ });
  });

  test('starts while its network is away', async () => {
    writeAll();
    const ledger = await openLedgerPatiently(config, identity);
    await assert.rejects(ledger.lastBlock(), { kind: 'Unavailable', code: 'LEDGER_UNAVAILABLE' });
    await ledger.close();
  });

  test('starts while its token is absent, and says so to whoever asks the ledger', async () => {
    writeAll();
    const pinFile = join(folder, 'pin');
    writeFileSync(pinFile, '1234', { mode: 0o600 });
    const pkcs11 = { library: join(folder, 'no-library.so'), label: 'dcmb', keyId: '01', pinFile };
    const ledger = await openLedgerPatiently({ ...config, pkcs11 }, identity);
    await assert.rejects(ledger.lastBlock(), { kind: 'Unavailable', code: 'BAD_IDENTITY', message: /no-library\.so/ });
    await ledger.close();
  });
});
