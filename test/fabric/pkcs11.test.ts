import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { toBase64Url } from '../../src/core/index.ts';
import { loadFabricIdentity, type Pkcs11Options } from '../../src/ledger/index.ts';
import { fabricLedgers } from '../support/fabric-ledgers.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { send, TEST_MODULE, testSigner } from '../support/ledger-network.ts';

/** A token in software: package softhsm2 of Debian and others. */
const LIBRARIES = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/softhsm/libsofthsm2.so', '/opt/homebrew/lib/softhsm/libsofthsm2.so'];
const library = LIBRARIES.find((file) => existsSync(file));
const skip = library === undefined ? 'SoftHSM is not installed: nothing of PKCS#11 was tested' : false;
const KEY_ID = 'd0c1';
const PIN = '24601357';

const network = skip === false ? await fabricNetwork({ after }) : undefined;

/** A token that holds the key of the owner's user, and an MSP folder that does not. */
function tokenOf(t: TestContext, msp: string): { options: Pkcs11Options; msp: string } {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-token-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'tokens'));
  writeFileSync(join(folder, 'softhsm2.conf'), `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\n`);
  // The library reads it when it is loaded, in this very process.
  process.env['SOFTHSM2_CONF'] = join(folder, 'softhsm2.conf');
  const run = (...args: string[]) => execFileSync('softhsm2-util', args, { stdio: 'pipe' });
  run('--init-token', '--free', '--label', 'dcmb', '--pin', PIN, '--so-pin', PIN);
  const [key = ''] = readdirSync(join(msp, 'keystore'));
  run('--import', join(msp, 'keystore', key), '--token', 'dcmb', '--label', 'ledger', '--id', KEY_ID, '--pin', PIN);
  const bare = join(folder, 'msp');
  for (const part of ['signcerts', 'cacerts']) {
    mkdirSync(join(bare, part), { recursive: true });
    for (const file of readdirSync(join(msp, part))) writeFileSync(join(bare, part, file), readFileSync(join(msp, part, file)));
  }
  const pinFile = join(folder, 'pin');
  writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
  return { options: { library: library ?? '', label: 'dcmb', keyId: KEY_ID, pinFile }, msp: bare };
}

test(
  'a key in a token signs all that a ledger on Fabric needs, also at once; a token that does not fit is refused',
  { skip },
  async (t) => {
    assert.ok(network !== undefined);
    const { options: pkcs11, msp } = tokenOf(t, network.msp('owner'));
    // While no session is open: a process that is logged in at a token is not asked for the PIN again.
    const wrong: [string, Partial<Pkcs11Options>, string?][] = [
      ['another PIN', { pinFile: join(msp, '..', 'softhsm2.conf') }],
      ['another label', { label: 'other' }],
      ['another key', { keyId: 'beef' }],
    ];
    for (const [name, changes] of wrong) {
      await assert.rejects(loadFabricIdentity('owner', { msp, pkcs11: { ...pkcs11, ...changes } }), (error: Error & { code: string }) => {
        assert.equal(error.code, 'BAD_IDENTITY', name);
        assert.ok(!`${error.stack} ${String(error.cause)}`.includes(PIN), name);
        return true;
      });
    }
    const foreign = network.msp('manufacturer');
    await assert.rejects(loadFabricIdentity('manufacturer', { msp: foreign, pkcs11 }), {
      code: 'BAD_IDENTITY',
      message: /not that of the certificate/,
    });

    const { open } = await fabricLedgers({ after: (clean) => t.after(clean) }, network);
    const [owner, twin] = [await open('owner', { msp, pkcs11 }), await open('owner', { msp, pkcs11 })];
    const body = (name: string) => ({ key: toBase64Url(testSigner(name).publicKey), module: TEST_MODULE, attestation: 'none' });
    const commits = await Promise.all(
      Array.from({ length: 6 }, (_, i) => send(i % 2 === 0 ? owner : twin, 'registerKey', body(`key ${i}`))),
    );
    assert.equal(new Set(commits.map(({ txId }) => txId)).size, 6);
    await owner.close();
    await send(twin, 'registerKey', body('after the other one closed its session'));
  },
);
