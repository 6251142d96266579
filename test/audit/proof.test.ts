import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatProofReport, parseProof, type ProofParts, type ProofReport, verifyProof, writeProof } from '../../src/audit/index.ts';
import { type Bytes, type Envelope, fromUtf8, type Json, parseCanonical, parseEnvelope, toBase64Url, utf8 } from '../../src/core/index.ts';
import { prepareTransaction } from '../../src/contract/index.ts';
import { conditionOpeningHash, sealDeposit, singleOut } from '../../src/evidence/index.ts';
import { ChannelBench, hashOf, otherHash, type SealedBatch } from '../contract/fixture.ts';
import { evidenceKey, ledgerKey, testBytes, testChannel, testGenesis } from '../support/ledger-network.ts';
import { Scene } from './scene.ts';

async function documentOf(bench: ChannelBench): Promise<Envelope> {
  return (await testChannel(bench.ledgerId, bench.params)).body.document;
}

async function judged(bench: ChannelBench, parts: Omit<ProofParts, 'channel'>): Promise<ProofReport> {
  return verifyProof(parseProof(writeProof({ channel: await documentOf(bench), ...parts })));
}

function requireHolds(report: ProofReport, party: 'owner' | 'manufacturer', n: number): void {
  assert.deepEqual(
    [report.holds, report.convicted?.party, report.convicted?.organisation, report.n],
    [true, party, party, n],
    report.fault,
  );
  assert.ok(report.rests.length > 0 && report.compare.length > 0);
}

function requireFails(report: ProofReport, why: RegExp): void {
  assert.equal(report.holds, false);
  assert.equal(report.convicted, undefined);
  assert.match(report.fault ?? '', why);
  assert.ok(formatProofReport(report).some((line) => line.startsWith('Convicts nobody')));
}

describe('a proof file holds without the ledger', () => {
  test('fork', async () => {
    const bench = await ChannelBench.open();
    const [a, b] = [await bench.seal({ n: 0, interval: 0 }), await bench.seal({ n: 0, interval: 0, codes: [2, 2] })];
    requireHolds(await judged(bench, { body: { kind: 'fork', header: a.header, other: b.header } }), 'owner', 0);
    requireFails(await judged(bench, { body: { kind: 'fork', header: a.header, other: a.header } }), /same header/);
  });

  test('delivery: another header than the signed one, or an opening that does not lead to its root', async () => {
    const bench = await ChannelBench.open();
    const { header, headerHash, conditions } = await bench.seal({ n: 0, interval: 0 });
    const elsewhere = await bench.delivery({ n: 0, header: otherHash(headerHash), conditions: otherHash(headerHash) });
    const bare = { kind: 'delivery' as const, delivery: elsewhere, opening: [] };
    requireHolds(await judged(bench, { body: bare, support: { headers: [header] } }), 'owner', 0);
    requireFails(await judged(bench, { body: bare }), /not anchored/);

    const other = (await bench.seal({ n: 0, interval: 0, codes: [2, 2] })).conditions;
    const delivery = await bench.delivery({ n: 0, header: headerHash, conditions: toBase64Url(conditionOpeningHash(other)) });
    const opening = [{ header, conditions: other as unknown as Json }];
    requireHolds(await judged(bench, { body: { kind: 'delivery', delivery, opening } }), 'owner', 0);
    const sound = await bench.delivery({ n: 0, header: headerHash, conditions: toBase64Url(conditionOpeningHash(conditions)) });
    const own = [{ header, conditions: conditions as unknown as Json }];
    requireFails(await judged(bench, { body: { kind: 'delivery', delivery: sound, opening: own } }), /leads to the root/);
  });

  test('token', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.seal({ n: 0, interval: 0, codes: [1, 2], tokenCodes: [1, 0] });
    const of = (place: number) => ({
      kind: 'token' as const,
      header: batch.header,
      tokens: batch.tokens,
      opening: singleOut(bench.params, batch.conditions, place),
    });
    requireHolds(await judged(bench, { body: of(1) }), 'owner', 0);
    requireFails(await judged(bench, { body: of(0) }), /that of the record/);
  });

  test('chain: an interval left out, a header off the grid', async () => {
    const bench = await ChannelBench.open();
    const first = await bench.seal({ n: 0, interval: 0 });
    const prev = first.headerHash;
    const [next, skipping] = [
      await bench.seal({ n: 1, interval: 1, header: { prev } }),
      await bench.seal({ n: 1, interval: 2, header: { prev } }),
    ];
    requireHolds(await judged(bench, { body: { kind: 'chain', header: skipping.header, before: [first.header] } }), 'owner', 1);
    requireFails(await judged(bench, { body: { kind: 'chain', header: next.header, before: [first.header] } }), /follows the one before/);
    requireFails(await judged(bench, { body: { kind: 'chain', header: next.header, before: [] } }), /on the grid/);
    const { originMs } = bench.params;
    const backDated = await bench.seal({ n: 1, interval: 1, header: { prev, fromMs: originMs, toMs: originMs + 1000 } });
    requireHolds(await judged(bench, { body: { kind: 'chain', header: backDated.header, before: [] } }), 'owner', 1);
  });

  describe('deposit', () => {
    async function deposited(box: (bench: ChannelBench, batch: SealedBatch) => Bytes) {
      const bench = await ChannelBench.open();
      const batch = await bench.seal({ n: 0, interval: 0 });
      const bytes = toBase64Url(box(bench, batch));
      const proof = bench.set(0).batchKeyProof(0, 0);
      const body = { kind: 'deposit' as const, header: batch.header, box: bytes, batchKey: toBase64Url(batch.kBatch), proof };
      const support = {
        genesis: [testGenesis() as unknown as Json],
        transactions: [await depositTransaction(bench, 'owner', bytes)],
        epochRecords: [await bench.record({ k: 0, opens: bench.opens(0, 1) })],
      };
      return { bench, body, support };
    }

    async function depositTransaction(bench: ChannelBench, creator: 'owner' | 'manufacturer', box: string): Promise<Envelope> {
      const content = { ledger: bench.ledgerId, creator, nonce: testBytes('nonce').slice(0, 16), timeMs: bench.params.originMs };
      const body = { channel: bench.channel, n: 0, box };
      return parseEnvelope(parseCanonical((await prepareTransaction({ ...content, kind: 'deposit', body }, ledgerKey(creator))).bytes));
    }

    const junk = (bench: ChannelBench, { delivery, conditions }: SealedBatch): Bytes =>
      sealDeposit(bench.params, testBytes('another key'), { delivery, conditions });

    test('junk convicts, by the transaction that the owner signed and the record that both did', async () => {
      const { bench, body, support } = await deposited(junk);
      requireHolds(await judged(bench, { body, support }), 'owner', 0);
    });

    test('a sound one does not, nor a box that the manufacturer deposited, nor any without its support', async () => {
      const sound = await deposited((b, { kBatch, delivery, conditions }) => sealDeposit(b.params, kBatch, { delivery, conditions }));
      requireFails(await judged(sound.bench, sound), /opens to the delivery/);
      const { bench, body, support } = await deposited(junk);
      const framed = { ...support, transactions: [await depositTransaction(bench, 'manufacturer', body.box)] };
      requireFails(await judged(bench, { body, support: framed }), /not one of the owner/);
      requireFails(await judged(bench, { body, support: { ...support, transactions: [] } }), /not the box/);
      requireFails(await judged(bench, { body, support: { ...support, epochRecords: [] } }), /No token set|no token set/);
      requireFails(await judged(bench, { body, support: { ...support, genesis: [] } }), /without the genesis/);
      const other = [{ ...testGenesis(), name: 'another' } as unknown as Json];
      requireFails(await judged(bench, { body, support: { ...support, genesis: other } }), /another ledger/);
    });
  });

  test('receipt: for another header than the owner’s, unless the manufacturer shows that the owner signed that one too', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.seal({ n: 0, interval: 0 });
    const made = await bench.receipt(batch, { header: otherHash(batch.headerHash) });
    const report = await judged(bench, { body: { kind: 'receipt', receipt: made, signed: batch.header } });
    requireHolds(report, 'manufacturer', 0);
    assert.ok(report.convicted?.unless?.includes(otherHash(batch.headerHash)));
    const other = await bench.receipt(batch, { delivery: otherHash(batch.headerHash) });
    requireHolds(await judged(bench, { body: { kind: 'receipt', receipt: other, signed: batch.delivery } }), 'manufacturer', 0);
    const honest = await bench.receipt(batch);
    requireFails(await judged(bench, { body: { kind: 'receipt', receipt: honest, signed: batch.header } }), /exactly what the owner/);
    requireFails(await judged(bench, { body: { kind: 'receipt', receipt: honest, signed: batch.delivery } }), /exactly what the owner/);
    const next = await bench.seal({ n: 1, interval: 1 });
    requireFails(await judged(bench, { body: { kind: 'receipt', receipt: honest, signed: next.header } }), /not of one batch/);
    const forged = await bench.receipt(batch, { header: otherHash(batch.headerHash) }, evidenceKey('owner'));
    requireFails(await judged(bench, { body: { kind: 'receipt', receipt: forged, signed: batch.header } }), /none that the manufacturer/);
  });

  test('a key that came into use later counts by its transaction', async () => {
    const bench = await ChannelBench.open();
    const fork = async () => {
      const signer = evidenceKey('stranger');
      const [a, b] = [await bench.seal({ n: 5, interval: 5, signer }), await bench.seal({ n: 5, interval: 5, codes: [2, 2], signer })];
      return { kind: 'fork' as const, header: a.header, other: b.header };
    };
    const useKey = async (creator: 'owner' | 'manufacturer' | 'stranger'): Promise<Envelope> => {
      const content = { ledger: bench.ledgerId, creator, nonce: testBytes('nonce').slice(0, 16), timeMs: bench.params.originMs };
      const body = { channel: bench.channel, key: toBase64Url(evidenceKey('stranger').publicKey), from: 5 };
      return parseEnvelope(parseCanonical((await prepareTransaction({ ...content, kind: 'useKey', body }, ledgerKey(creator))).bytes));
    };
    const genesis = [testGenesis() as unknown as Json];
    const body = await fork();
    requireFails(await judged(bench, { body }), /none that the owner/);
    requireHolds(await judged(bench, { body, support: { genesis, transactions: [await useKey('owner')] } }), 'owner', 5);
    for (const [creator, why] of [
      ['manufacturer', /none that the owner/],
      ['stranger', /not used by a party/],
    ] as const)
      requireFails(await judged(bench, { body, support: { genesis, transactions: [await useKey(creator)] } }), why);
  });
});

describe('a proof that rests on the ledger carries its blocks', () => {
  async function claim(scene: Scene, body: ProofParts['body'], blocks: readonly Json[] = scene.parts().blocks): Promise<ProofReport> {
    return verifyProof(parseProof(writeProof({ channel: scene.document, body, support: { blocks: [...blocks] } })));
  }

  test('late: anchored after the deadline, by the time of the block', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0 }, { interval: 1, anchoredAfterMs: 600 }, { interval: 2 });
    requireHolds(await claim(scene, { kind: 'late', n: 1 }), 'owner', 1);
    requireFails(await claim(scene, { kind: 'late', n: 0 }), /in time/);
    requireFails(await claim(scene, { kind: 'late', n: 9 }), /not on the ledger/);
  });

  test('missing: no batch covers an interval whose deadline has passed', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0 }, { interval: 2 }, { interval: 3 });
    const report = await claim(scene, { kind: 'missing', interval: 1 });
    assert.deepEqual([report.holds, report.convicted?.party, report.interval], [true, 'owner', 1]);
    requireFails(await claim(scene, { kind: 'missing', interval: 2 }), /covers interval 2/);
    requireFails(await claim(scene, { kind: 'missing', interval: 4 }), /not due/);
  });

  test('skipped: a later number is on the ledger, and this one is not', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0 }, { interval: 1, number: 2 }, { interval: 2 });
    requireHolds(await claim(scene, { kind: 'skipped', n: 1 }), 'owner', 1);
    requireFails(await claim(scene, { kind: 'skipped', n: 2 }), /is on the ledger/);
    requireFails(await claim(scene, { kind: 'skipped', n: 4 }), /no batch after/);
  });

  test('unreceipted: deposited, and neither receipted nor disputed in time', async () => {
    const scene = await Scene.open({ params: { receiptWithinMs: 500 } });
    await scene.batches({ interval: 0, acknowledged: 'deposit' }, { interval: 1, acknowledged: 'not' });
    await scene.batches(...[2, 3, 4].map((interval) => ({ interval, acknowledged: 'on the ledger' as const })));
    requireHolds(await claim(scene, { kind: 'unreceipted', n: 0 }), 'manufacturer', 0);
    requireFails(await claim(scene, { kind: 'unreceipted', n: 1 }), /may never have been delivered/);
    requireFails(await claim(scene, { kind: 'unreceipted', n: 2 }), /not deposited/);
    const upToDeposit = scene
      .parts()
      .blocks.slice(0, scene.chain.blocks.findIndex((block) => JSON.stringify(block).includes('"kind":"deposit"')) + 1);
    requireFails(await claim(scene, { kind: 'unreceipted', n: 0 }, upToDeposit), /not due/);
  });

  test('unsigned: a proposal on the ledger that was neither signed nor objected to in time', async () => {
    const scene = await Scene.open({ params: { receiptWithinMs: 1500 } });
    await scene.batch({ interval: 0 });
    await scene.propose({ opens: scene.opens(3) }, scene.params.originMs + 1100);
    await scene.batches({ interval: 1 });
    requireFails(await claim(scene, { kind: 'unsigned', k: 1 }), /not due/);
    await scene.batches({ interval: 2 }, { interval: 3 });
    const report = await claim(scene, { kind: 'unsigned', k: 1 });
    assert.deepEqual([report.holds, report.convicted?.party], [true, 'manufacturer'], report.fault);
    requireFails(await claim(scene, { kind: 'unsigned', k: 2 }), /may never have been made/);
  });

  test('blocks that are broken, of another ledger or not there convict nobody', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0, anchoredAfterMs: 600 });
    const { blocks } = scene.parts();
    requireFails(await claim(scene, { kind: 'late', n: 0 }, []), /no blocks/);
    requireFails(await claim(scene, { kind: 'late', n: 0 }, blocks.toSpliced(3, 1)), /Block 3/);
    const stranger = await Scene.open({ params: { anchorWithinMs: 400 } });
    requireFails(await claim(stranger, { kind: 'late', n: 0 }, blocks), /not open on the ledger|other parameters/);
  });
});

describe('a proof file', () => {
  const fork = async (bench: ChannelBench) => {
    const [a, b] = [await bench.seal({ n: 0, interval: 0 }), await bench.seal({ n: 0, interval: 0, codes: [2, 2] })];
    return writeProof({ channel: await documentOf(bench), body: { kind: 'fork', header: a.header, other: b.header } });
  };

  test('says what to compare, and fails for another ledger or channel than the reader knows', async () => {
    const bench = await ChannelBench.open();
    const proof = parseProof(await fork(bench));
    assert.deepEqual((await verifyProof(proof)).compare.length, 3);
    const known = { expectedLedgerId: bench.ledgerId, expectedChannel: bench.channel };
    const report = await verifyProof(proof, known);
    assert.deepEqual([report.holds, report.compare.length], [true, 1]);
    requireFails(await verifyProof(proof, { ...known, expectedLedgerId: otherHash(bench.ledgerId) }), /expected ledger/);
    requireFails(await verifyProof(proof, { ...known, expectedChannel: otherHash(bench.channel) }), /expected channel/);
    const text = formatProofReport(report).join('\n');
    for (const part of ['Convicts the owner', bench.channel, bench.ledgerId, evidenceKey('owner').keyId, 'Rests on:', 'the proof holds'])
      assert.ok(text.includes(part), part);
  });

  test('is nothing without a channel document that both signed', async () => {
    const bench = await ChannelBench.open();
    const proof = parseProof(await fork(bench));
    const [first] = proof.channel.signatures;
    requireFails(await verifyProof({ ...proof, channel: { ...proof.channel, signatures: [first!] } }), /2 signature/);
    requireFails(await verifyProof({ ...proof, channel: { ...proof.channel, signatures: [first!, first!] } }), /not the expected one/);
  });

  test('whose every value is changed in turn never convicts anybody else, and holds only where nothing signed was changed', async () => {
    const bench = await ChannelBench.open();
    const text = fromUtf8(await fork(bench));
    const strings = [...text.matchAll(/"(payload|sig|keyid)":"([\w-]+)"/g)];
    assert.equal(strings.length, 11);
    for (const { index, 0: whole } of strings) {
      const at = index + whole.length - 20;
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      const report = await verifyProof(parseProof(utf8(changed)));
      assert.equal(report.holds, false, whole);
    }
  });

  test('that is cut off, of another form or of another kind than its body cannot be read', async () => {
    const bytes = await fork(await ChannelBench.open());
    const text = fromUtf8(bytes);
    for (const other of [
      bytes.slice(0, -2),
      utf8('{}\n'),
      utf8(text.replace('"kind":"fork","support"', '"kind":"token","support"')),
      utf8(text.replace('dcmb-proof/0', 'dcmb-proof/1')),
      utf8(text.replace('{', '{ ')),
      utf8(`${'['.repeat(200_000)}\n`),
      utf8(`${'['.repeat(200_000)}${']'.repeat(200_000)}\n`),
    ]) {
      assert.notDeepEqual(other, bytes);
      assert.throws(() => parseProof(other), { code: 'UNREADABLE_PROOF' });
    }
  });

  test('whose body has not the form of its kind convicts nobody', async () => {
    const bench = await ChannelBench.open();
    const proof = parseProof(await fork(bench));
    requireFails(await verifyProof({ ...proof, body: { kind: 'fork' } }), /wrong form/);
    assert.equal(hashOf(proof.channel), hashOf(await documentOf(bench)));
  });
});
