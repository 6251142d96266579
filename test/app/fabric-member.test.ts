import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { copyMember, organisationOf } from '../../src/app/fabric-member.ts';

const folder = mkdtempSync(join(tmpdir(), 'dcmb-fabric-member-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const profile = join(folder, 'connection.json');
writeFileSync(join(folder, 'tls.pem'), 'the own root');
writeFileSync(
  profile,
  JSON.stringify({
    name: 'trial',
    version: '1.0.0',
    client: { organization: 'Owner', credentialStore: { path: '/secret/store' } },
    organizations: {
      Owner: { mspid: 'owner', peers: ['peer.owner'], certificateAuthorities: ['ca.owner'] },
      Other: { mspid: 'other', peers: ['peer.other'] },
    },
    peers: {
      'peer.owner': { url: 'grpcs://peer:7051', tlsCACerts: { path: 'tls.pem' }, grpcOptions: { 'ssl-target-name-override': 'peer' } },
      'peer.other': { url: 'grpcs://other:7051', tlsCACerts: { path: 'not-here.pem' } },
    },
    certificateAuthorities: { 'ca.owner': { registrar: { enrollId: 'admin', enrollSecret: 'adminpw' } } },
  }),
);

/** As Kubernetes mounts a secret: files are links into a folder, to which a link leads. */
function mountedMsp(): string {
  const msp = join(folder, 'msp');
  for (const part of ['signcerts', 'keystore', 'cacerts', 'admincerts']) {
    mkdirSync(join(msp, part, '..2026'), { recursive: true });
    writeFileSync(join(msp, part, '..2026/file.pem'), part, { mode: 0o644 });
    symlinkSync('..2026', join(msp, part, '..data'));
    symlinkSync('..data/file.pem', join(msp, part, 'file.pem'));
  }
  return msp;
}

test("of a connection profile only the organisation's own part is copied, and of an identity what a client uses", async () => {
  const to = join(folder, 'copy');
  await copyMember({ profile, msp: mountedMsp() }, to);
  assert.deepEqual(JSON.parse(readFileSync(join(to, 'connection.json'), 'utf8')), {
    name: 'trial',
    version: '1.0.0',
    client: { organization: 'Owner' },
    organizations: { Owner: { mspid: 'owner', peers: ['peer.owner'] } },
    peers: {
      'peer.owner': { url: 'grpcs://peer:7051', tlsCACerts: { pem: 'the own root' }, grpcOptions: { 'ssl-target-name-override': 'peer' } },
    },
  });
  assert.equal(organisationOf(join(to, 'connection.json')), organisationOf(profile));
  assert.deepEqual(readdirSync(join(to, 'msp')).toSorted(), ['cacerts', 'keystore', 'signcerts']);
  for (const part of ['signcerts', 'keystore', 'cacerts']) {
    assert.deepEqual(readdirSync(join(to, 'msp', part)), ['file.pem']);
    assert.equal(readFileSync(join(to, 'msp', part, 'file.pem'), 'utf8'), part);
    assert.equal(statSync(join(to, 'msp', part, 'file.pem')).mode & 0o777, 0o600);
  }
});
