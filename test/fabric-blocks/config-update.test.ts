import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ledgerIdOf } from '../../src/contract/index.ts';
import { type Bytes, concat, fromBase64Url, toBase64Url, utf8 } from '../../src/core/index.ts';
import { readConfigEnvelope } from '../../src/fabric-blocks/channel-config.ts';
import { readPayload, splitEnvelope } from '../../src/fabric-blocks/envelope.ts';
import { bytesField, decode, message, repeatedBytes, uint64, verifyFabricChain } from '../../src/fabric-blocks/index.ts';
import { type GroupPlan, headerOf, updateBytes, updateEnvelope } from './config-writer.ts';
import { type FabricBlockJson, hashOf, readVector, signaturesOf } from './forged-chain.ts';
import { signed } from './forged-keys.ts';
import { bytesOf, numberOf } from './protobuf-writer.ts';

const vector = readVector();
const ledgerId = ledgerIdOf(vector.genesis);
const at = vector.blocks.findIndex(({ number, data }) => number > 0 && isConfig(data[0]!));
const before = vector.blocks.slice(0, at);
const real = partsOf(fromBase64Url(vector.blocks[at]!.data[0]!));
const person = (name: string) => vector.people[name]!;

function isConfig(envelope: string): boolean {
  return readPayload(splitEnvelope(fromBase64Url(envelope)).payload).header.type === 1;
}

interface Parts {
  readonly sequence: bigint;
  readonly group: Bytes;
  readonly lastUpdate: Bytes;
}

function partsOf(envelope: Bytes): Parts {
  const { data } = readPayload(splitEnvelope(envelope).payload);
  const shape = { config: message(1, { sequence: uint64(1), group: bytesField(2) }), lastUpdate: bytesField(2) };
  const { config, lastUpdate } = decode(shape, data, 'configuration');
  return { sequence: config!.sequence, group: config!.group, lastUpdate };
}

/** The blocks before the change, and one with this configuration, as its orderer writes it. */
function changedTo({ sequence, group, lastUpdate }: Parts, nonce = 'nonce'): FabricBlockJson[] {
  const orderer = person('orderer');
  const config = bytesOf(1, concat(numberOf(1, sequence), bytesOf(2, group)));
  const header = headerOf(1, 'dcmb', orderer, utf8(nonce.padEnd(24)), 1_800_000_000_000);
  const payload = concat(bytesOf(1, header), bytesOf(2, concat(config, bytesOf(2, lastUpdate))));
  const envelope = concat(bytesOf(1, payload), bytesOf(2, signed(orderer, payload)));
  return [...before, blockOf(before, envelope)];
}

function blockOf(blocks: readonly FabricBlockJson[], envelope: Bytes): FabricBlockJson {
  const prev = hashOf(blocks.at(-1)!);
  const raw = { number: blocks.length, prev: fromBase64Url(prev), data: [envelope] };
  const signatures = toBase64Url(signaturesOf(raw, [person('orderer')], blocks.length));
  return { v: 0, number: blocks.length, prev, data: [toBase64Url(envelope)], codes: [0], signatures };
}

function verdict(blocks: readonly unknown[]): Promise<string> {
  return verifyFabricChain(blocks, ledgerId).then(
    ({ memberChanges }) => ['verifies', ...(memberChanges ?? []).map(({ organisation }) => organisation)].join(' '),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

const readers = (version: number) => ({ version, type: 3, value: concat(bytesOf(1, 'Readers')), modPolicy: 'Admins' });
const readersOf = (version: number): GroupPlan => ({ groups: { Application: { policies: { Readers: readers(version) } } } });
const read: GroupPlan = { groups: { Application: {} } };

function updated(written: GroupPlan, signers: readonly string[], from: GroupPlan = read): Bytes {
  return updateEnvelope('dcmb', updateBytes('dcmb', from, written), person('owner admin'), signers.map(person));
}

describe('a change of the configuration', () => {
  test('as a real orderer wrote it verifies, also when it is written anew', async () => {
    assert.equal(await verdict(vector.blocks.slice(0, at + 1)), 'verifies');
    assert.equal(await verdict(changedTo(real)), 'verifies');
  });

  test('that too few have signed is refused', async () => {
    const signers = [
      [],
      ['owner admin'],
      ['owner admin', 'owner admin'],
      ['owner client', 'manufacturer client'],
      ['orderer', 'owner admin'],
    ];
    for (const names of signers)
      assert.match(await verdict(changedTo({ ...real, lastUpdate: updated(readersOf(1), names) })), /Too few have signed/, names.join());
    assert.equal(await verdict(changedTo({ ...real, lastUpdate: updated(readersOf(1), ['owner admin', 'stranger admin']) })), 'verifies');
  });

  test('that is another than the signed update makes is refused', async () => {
    const certificate = Buffer.from(real.group).indexOf('-----BEGIN CERTIFICATE-----');
    const group = new Uint8Array(real.group);
    group[certificate + 100] = group[certificate + 100]! ^ 1;
    assert.match(await verdict(changedTo({ ...real, group })), /is not what the update makes/);
    const old = partsOf(fromBase64Url(vector.blocks[0]!.data[0]!)).group;
    assert.match(await verdict(changedTo({ ...real, group: old })), /is not what the update makes/);
    const more = concat(real.group, bytesOf(4, concat(bytesOf(1, 'More'), bytesOf(2, numberOf(1, 0)))));
    assert.match(await verdict(changedTo({ ...real, group: more })), /is not what the update makes/);
  });

  test('that skips a version, changes nothing or rests on another configuration is refused', async () => {
    const both = ['owner admin', 'manufacturer admin'];
    assert.match(await verdict(changedTo({ ...real, sequence: real.sequence + 1n })), /does not follow/);
    assert.match(await verdict(changedTo({ ...real, lastUpdate: updated(readersOf(2), both) })), /skips a version/);
    assert.match(await verdict(changedTo({ ...real, lastUpdate: updated(read, both) })), /changes nothing/);
    assert.match(await verdict(changedTo({ ...real, lastUpdate: updated(readersOf(1), both, { version: 5 }) })), /rests on another/);
    const once = changedTo(real);
    const again = [...once, blockOf(once, fromBase64Url(changedTo({ ...real, sequence: real.sequence + 1n }, 'again').at(-1)!.data[0]!))];
    assert.match(await verdict(again), /skips a version|rests on another/);
  });

  test('without an update, or for another channel, is refused', async () => {
    assert.match(await verdict(changedTo({ ...real, lastUpdate: new Uint8Array(0) })), /does not verify/);
    const other = updateEnvelope('other', updateBytes('other', read, readersOf(1)), person('owner admin'), [
      person('owner admin'),
      person('manufacturer admin'),
    ]);
    assert.match(await verdict(changedTo({ ...real, lastUpdate: other })), /for another channel/);
  });

  test('by one organisation is enough for its own authorities, and is told', async () => {
    const { name, value } = ownMsp('stranger');
    const grown = concat(value, bytesOf(600, 'more'));
    const written: GroupPlan = {
      groups: { Application: { groups: { [name]: { values: { MSP: { version: 1, value: grown, modPolicy: 'Admins' } } } } } },
    };
    const from: GroupPlan = { groups: { Application: { groups: { [name]: {} } } } };
    const group = withMsp(name, grown);
    const byOther = updated(written, ['owner admin'], from);
    assert.match(await verdict(changedTo({ ...real, group, lastUpdate: byOther })), /Too few have signed/);
    assert.equal(await verdict(changedTo({ ...real, group, lastUpdate: updated(written, ['stranger admin'], from) })), 'verifies stranger');
  });
});

/** The MSP of an organisation in block 0. */
function ownMsp(mspId: string): { name: string; value: Bytes } {
  const { config } = readConfigEnvelope(fromBase64Url(vector.blocks[0]!.data[0]!));
  const { name } = config.applications.get(mspId)!;
  return { name, value: config.root.groups.get('Application')!.groups.get(name)!.values.get('MSP')!.value };
}

const Entries = { entries: repeatedBytes(2) };

/** The configuration of block 0 with another MSP of an organisation, one version on. */
function withMsp(name: string, value: Bytes): Bytes {
  const old = partsOf(fromBase64Url(vector.blocks[0]!.data[0]!)).group;
  const changed = concat(numberOf(1, 1), bytesOf(2, value), bytesOf(3, 'Admins'));
  return inGroup(old, 'Application', (application) =>
    inGroup(application, name, (organisation) => concat(organisation, bytesOf(3, concat(bytesOf(1, 'MSP'), bytesOf(2, changed))))),
  );
}

/** Of two entries of one name the last one counts, so a changed group is put at the end. */
function inGroup(group: Bytes, name: string, change: (bytes: Bytes) => Bytes): Bytes {
  const entry = { key: bytesField(1), value: bytesField(2) };
  const found = decode(Entries, group, 'group').entries.map((bytes) => decode(entry, bytes, 'entry'));
  const { value } = found.find(({ key }) => Buffer.from(key).toString() === name)!;
  return concat(group, bytesOf(2, concat(bytesOf(1, name), bytesOf(2, change(value)))));
}
