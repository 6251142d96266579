import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseProof, rebut, verifyProof, writeProof } from '../../src/app/index.ts';
import { loadAgreement } from '../../src/app/agreement-file.ts';
import { allBatches } from '../../src/app/audit-export.ts';
import type { TransactionKind } from '../../src/contract/index.ts';
import { type Envelope, fromBase64Url, intervalAt, type Json, parseEnvelope, toBase64Url } from '../../src/core/index.ts';
import {
  type BatchHeader,
  conditionOpeningHash,
  type Delivery,
  type DeliveryPackage,
  depositSize,
  type Receipt,
  singleOut,
} from '../../src/evidence/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { loadStoreKey } from '../../src/platform/index.ts';
import { ReceiverStore } from '../../src/store/index.ts';
import { MaliciousManufacturer } from './malicious-manufacturer.ts';
import { hashOf, MaliciousOwner } from './malicious-owner.ts';
import { MaliciousScene, requireConvicted, requireFound, requireInnocent } from './scene.ts';

const N = 3;
const OTHER_HASH = toBase64Url(new Uint8Array(32).fill(7));

/** Two honest modules; beside one of them its own side accuses the other of what it has not done. */
describe('false accusations against an honest party', () => {
  let scene: MaliciousScene;
  let packages: ReadonlyMap<number, DeliveryPackage>;
  let receipts: ReadonlyMap<number, Json>;
  let ofManufacturer: Ledger;
  let ofOwner: Ledger;
  let manufacturer: MaliciousManufacturer;
  let owner: MaliciousOwner;

  before(async () => {
    scene = await MaliciousScene.create({ anchorWithinMs: 120_000, receiptWithinMs: 120_000, depositAfterIntervals: 1000 });
    manufacturer = new MaliciousManufacturer(scene.plant);
    owner = new MaliciousOwner(scene.plant);
    await scene.start();
    await scene.acknowledged(N + 2);
    await scene.anchored(N + 2);
    [ofManufacturer, ofOwner] = [await scene.ledger('manufacturer'), await scene.ledger('owner')];
    const config = scene.plant.manufacturerConfig();
    const store = new ReceiverStore(config.channels[0].store, scene.channel, await loadStoreKey(config.keys.store));
    const kept = allBatches(store, N + 2);
    store.close();
    packages = new Map(kept.flatMap(({ n, package: delivered }) => (delivered === undefined ? [] : [[n, delivered] as const])));
    receipts = new Map(kept.map((batch) => [batch.n, batch.receipt as Json]));
  });
  after(() => scene.end());

  const send = async (ledger: Ledger, kind: TransactionKind, body: object) => ledger.submit(await ledger.prepare(kind, body as Json));
  const refused = async (ledger: Ledger, kind: TransactionKind, body: object, code: string): Promise<void> =>
    assert.rejects(send(ledger, kind, body), (error) => (error as { code?: string }).code === code, `${kind} ${code}`);
  const params = () => loadAgreement(scene.plant.ownerConfig().channels[0].agreement).terms.params;

  /** Every false proof of a kind: refused by the ledger, and as a file. */
  async function disputes(bodies: readonly (readonly [code: string, body: { readonly kind: string }])[]): Promise<void> {
    const channel = parseEnvelope(loadAgreement(scene.plant.manufacturerConfig().channels[0].agreement).file.channel);
    for (const [code, body] of bodies) {
      await refused(ofManufacturer, 'dispute', body, code);
      const { holds, convicted } = await verifyProof(parseProof(writeProof({ channel, body: body as never })));
      assert.deepEqual([holds, convicted], [false, undefined], `${body.kind} ${code}`);
    }
  }

  describe('by the manufacturer', () => {
    test('of a fork: one header twice, two numbers, a header of its own making', async () => {
      const [one, next] = [packages.get(N)!.header, packages.get(N + 1)!.header];
      const own = manufacturer.signing.changed<BatchHeader>(one, { h: OTHER_HASH, key: manufacturer.signing.keyId });
      const forged = { ...one, payload: manufacturer.signing.changed<BatchHeader>(one, { h: OTHER_HASH }).payload };
      await disputes([
        ['PROOF_DOES_NOT_HOLD', { kind: 'fork', header: one, other: one } as never],
        ['PROOF_DOES_NOT_HOLD', { kind: 'fork', header: one, other: next } as never],
        ['KEY_NOT_IN_USE', { kind: 'fork', header: one, other: own } as never],
        ['BAD_SIGNATURE', { kind: 'fork', header: one, other: forged } as never],
      ]);
    });

    test('of a broken chain: headers in order, not in a row, back to front', async () => {
      const [one, next, third] = [packages.get(N - 1)!.header, packages.get(N)!.header, packages.get(N + 1)!.header];
      await disputes([
        ['PROOF_DOES_NOT_HOLD', { kind: 'chain', header: next, before: [one] } as never],
        ['PROOF_DOES_NOT_HOLD', { kind: 'chain', header: next, before: [] } as never],
        ['PROOF_DOES_NOT_HOLD', { kind: 'chain', header: third, before: [one] } as never],
        ['PROOF_DOES_NOT_HOLD', { kind: 'chain', header: one, before: [next] } as never],
      ]);
    });

    test('of a wrong delivery: the sound one, another opening, a delivery of its own making', async () => {
      const { header, delivery, conditions } = packages.get(N)!;
      const other = packages.get(N + 1)!.conditions;
      const own = manufacturer.signing.changed<Delivery>(delivery, { header: OTHER_HASH });
      const lie = manufacturer.signing.changed<Delivery>(delivery, { conditions: toBase64Url(conditionOpeningHash(other)) });
      await disputes([
        ['PROOF_DOES_NOT_HOLD', { kind: 'delivery', delivery, opening: [{ header, conditions }] } as never],
        ['PROOF_DOES_NOT_HOLD', { kind: 'delivery', delivery, opening: [{ header, conditions: other }] } as never],
        ['PROOF_DOES_NOT_HOLD', { kind: 'delivery', delivery, opening: [] } as never],
        ['KEY_NOT_IN_USE', { kind: 'delivery', delivery: own, opening: [] } as never],
        ['KEY_NOT_IN_USE', { kind: 'delivery', delivery: lie, opening: [{ header, conditions: other }] } as never],
      ]);
    });

    test('of a token against the record: honest tokens, tokens and records of another batch', async () => {
      const grid = [...packages.values()].find(({ tokens }) => tokens.tokens.length > 0)!;
      const other = [...packages.values()].findLast(({ tokens }) => tokens.tokens.length > 0)!;
      const opening = singleOut(params(), grid.conditions, 0);
      await disputes([
        ['PROOF_DOES_NOT_HOLD', { kind: 'token', header: grid.header, tokens: grid.tokens, opening } as never],
        ['PROOF_DOES_NOT_HOLD', { kind: 'token', header: grid.header, tokens: other.tokens, opening } as never],
        ['PROOF_DOES_NOT_HOLD', { kind: 'token', header: other.header, tokens: other.tokens, opening } as never],
      ]);
    });

    test('of a junk deposit: where there is none', async () => {
      const { header } = packages.get(N)!;
      const box = toBase64Url(new Uint8Array(depositSize(params())));
      await disputes([['PROOF_DOES_NOT_HOLD', { kind: 'deposit', header, box, batchKey: OTHER_HASH, proof: [] } as never]]);
    });

    test('of being overdue: what is there, what is not due yet, what another has to say', async () => {
      const { interval } = JSON.parse(Buffer.from(fromBase64Url(packages.get(N)!.header.payload)).toString()) as BatchHeader;
      const { channel } = scene;
      await refused(ofManufacturer, 'overdue', { channel, interval }, 'BATCH_PRESENT');
      await refused(ofManufacturer, 'overdue', { channel, interval: intervalAt(params(), Date.now()) + 20 }, 'NOT_DUE');
    });

    test('of an interval before the first batch: on the ledger, and against nobody', async () => {
      const first = JSON.parse(Buffer.from(fromBase64Url(packages.get(0)!.header.payload)).toString()) as BatchHeader;
      if (first.interval === 0) return;
      const dueMs = params().originMs + params().intervalMs + params().anchorWithinMs;
      if (Date.now() > dueMs) await send(ofManufacturer, 'overdue', { channel: scene.channel, interval: 0 });
      requireInnocent(await scene.audit('owner'), 'owner');
    });

    test('that it never got a batch: the owner’s export has the receipt that it signed', async () => {
      const report = await scene.audit('owner');
      for (const batch of report.channels[0]?.batches.slice(0, N) ?? []) assert.equal(batch.acknowledgedBy, 'receipt', `batch ${batch.n}`);
      requireInnocent(report, 'owner');
    });
  });

  describe('by the owner', () => {
    test('disputes are not its to send', async () => {
      const [one, next] = [packages.get(N)!.header, packages.get(N + 1)!.header];
      await refused(ofOwner, 'dispute', { kind: 'fork', header: one, other: next }, 'WRONG_CREATOR');
      await refused(ofOwner, 'epochObjection', { channel: scene.channel, k: 0, proposal: OTHER_HASH }, 'WRONG_CREATOR');
    });

    test('that there is no receipt, or no signature: without a question on the ledger the proof does not hold', async () => {
      for (const claim of [{ kind: 'unreceipted', n: N } as const, { kind: 'unsigned', k: 0 } as const])
        await assert.rejects(scene.accuses('owner', claim), { code: 'PROOF_DOES_NOT_HOLD' });
    });

    test('of a forged receipt: an honest one, and one that the owner forged', async () => {
      const channel = parseEnvelope(loadAgreement(scene.plant.ownerConfig().channels[0].agreement).file.channel);
      const { header, delivery } = packages.get(N)!;
      const honest = parseEnvelope(receipts.get(N));
      const forged = owner.signing.changed<Receipt>(honest, { header: OTHER_HASH });
      for (const [receipt, signed] of [
        [honest, header],
        [honest, delivery],
        [forged, header],
      ] as const) {
        const { holds } = await verifyProof(parseProof(writeProof({ channel, body: { kind: 'receipt', receipt, signed } })));
        assert.equal(holds, false);
      }
      await refused(ofOwner, 'receipt', { receipt: forged }, 'KEY_NOT_IN_USE');
    });

    test('of a forged receipt, with another delivery that the owner signs: the receipted one, which the manufacturer has, turns it round', async () => {
      const channel = parseEnvelope(loadAgreement(scene.plant.ownerConfig().channels[0].agreement).file.channel);
      const { delivery } = packages.get(N)!;
      const signed = owner.signing.changed<Delivery>(delivery, { conditions: OTHER_HASH });
      const accusation = writeProof({ channel, body: { kind: 'receipt', receipt: parseEnvelope(receipts.get(N)), signed } });
      const report = await verifyProof(parseProof(accusation));
      requireConvicted(report, 'manufacturer');
      assert.ok(report.convicted?.unless?.includes(hashOf(delivery)), 'what it has to show');
      await assert.rejects(rebut(scene.plant.manufacturerFile, accusation), /shows a delivery; show the one/);
    });

    /** Asks on the ledger for a signature under what nobody can sign. @returns false where the number is taken before the answer */
    async function isObjected(k: number): Promise<boolean> {
      const { channel } = scene;
      const isTaken = async () => (await ofOwner.query('epochRecord', { channel, k })) !== undefined;
      if (await isTaken()) return false;
      const record = { v: 0, channel, k, opens: [{ epoch: 90, agreement: 1, root: OTHER_HASH }], close: [], receipt: [] };
      const envelope = owner.signing.envelope('application/vnd.dcmb.epoch-record.v0+json', record);
      const { proposal } = (await send(ofOwner, 'epochProposal', { record: envelope })).event.body as { proposal: string };
      for (const limit = Date.now() + 60_000; Date.now() < limit; await new Promise((resolve) => setTimeout(resolve, 200))) {
        if ((await ofOwner.query('epochObjection', { channel, k, proposal })) !== undefined) return true;
        if (await isTaken()) return false;
      }
      throw new Error('The manufacturer does not answer.');
    }

    test('by a proposal that cannot be signed: the manufacturer objects on the ledger, and is convicted of nothing', async () => {
      // The honest module beside this goes on: where its own record of the number comes first, nothing is left to object to.
      let k = 0;
      for (const limit = Date.now() + 60_000; !(await isObjected(k)); k++) assert.ok(Date.now() < limit, 'no objection');
      const report = await scene.audit('owner');
      assert.ok(report.findings.some(({ code, party }) => code === 'PROPOSAL_OBJECTED' && party === 'undecided'));
      requireInnocent(report, 'manufacturer');
    });

    // The last one here: from now on the owner is a forger on the ledger too.
    test('of a forged receipt, with another header that the owner signs: the manufacturer’s fork proof convicts the owner', async () => {
      const channel = parseEnvelope(loadAgreement(scene.plant.ownerConfig().channels[0].agreement).file.channel);
      const { header } = packages.get(N)!;
      const receipt = parseEnvelope(receipts.get(N));
      const accuses = (signed: Envelope) => writeProof({ channel, body: { kind: 'receipt', receipt, signed } });
      const accusation = accuses(owner.signing.changed<BatchHeader>(header, { h: OTHER_HASH }));
      const report = await verifyProof(parseProof(accusation));
      requireConvicted(report, 'manufacturer');
      assert.ok(report.convicted?.unless?.includes(hashOf(header)), 'what it has to show');

      await assert.rejects(rebut(scene.plant.manufacturerFile, accuses(header)), /the very header/);
      await assert.rejects(rebut(scene.plant.ownerFile, accusation), /only the manufacturer signs receipts/);
      const answer = parseProof(await rebut(scene.plant.manufacturerFile, accusation));
      requireConvicted(
        await verifyProof(answer, { expectedLedgerId: scene.plant.plant.ledgerId, expectedChannel: scene.channel }),
        'owner',
      );
      await assert.rejects(
        rebut(scene.plant.manufacturerFile, writeProof({ channel, body: answer.body as never })),
        /only a receipt proof/,
      );
      await send(ofManufacturer, 'dispute', answer.body as object);
      requireFound(await scene.audit('manufacturer'), 'owner', 'DISPUTED', N);
    });
  });
});

test('a manufacturer that calls a batch overdue ahead of its time is found itself', async () => {
  const scene = await MaliciousScene.create({ anchorWithinMs: 2500 });
  try {
    await scene.start({}, {});
    await scene.anchored(N);
    const { terms } = loadAgreement(scene.plant.ownerConfig().channels[0].agreement);
    // Its clock runs ahead of everybody's, as far as the ledger lets it.
    const [ahead, ledger] = [await scene.ledger('manufacturer', 4000), await scene.ledger('manufacturer')];
    const interval = intervalAt(terms.params, Date.now()) + 1;
    await ledger.submit(await ahead.prepare('overdue', { channel: scene.channel, interval }));
    await scene.anchored(N + 12);
    const { findings } = await scene.audit('owner');
    const about = findings.filter(({ object }) => object === `interval ${interval}`).map(({ code, party }) => `${code} ${party}`);
    assert.deepEqual(about, ['FALSE_OVERDUE manufacturer']);
  } finally {
    await scene.end();
  }
});
