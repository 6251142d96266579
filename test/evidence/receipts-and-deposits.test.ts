import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ed25519Signer, hasCode, toBase64Url } from '../../src/core/index.ts';
import {
  countersignEpochRecord,
  type CumulativeReceipt,
  depositSize,
  type EpochRecord,
  extendReceipt,
  FIRST_DIGEST,
  openDeposit,
  openEpochProposal,
  openEpochRecord,
  openReceipt,
  openSeedCommitment,
  proposeEpochRecord,
  type Receipt,
  rollDigest,
  sealDeposit,
  signReceipt,
  signSeedCommitment,
  singleOut,
  verifyConditionOpening,
  verifyRecordOpening,
} from '../../src/evidence/index.ts';
import { bytesOf, channel, makeBatch, owner, receiver, testParams } from './fixture.ts';

const hash = toBase64Url(bytesOf('hash'));
const stranger = ed25519Signer(bytesOf('stranger'));
const receipt: Receipt = { v: 0, channel, n: 3, header: hash, delivery: hash, lastBlock: { number: 4, hash } };
const record: EpochRecord = { v: 0, channel, k: 0, opens: [{ epoch: 0, agreement: 1, root: hash }], close: [], receipt: [] };

describe('signed documents', () => {
  test('are opened with the key that signed them, and with no other', async () => {
    const envelope = await signReceipt(receipt, receiver);
    assert.deepEqual(openReceipt(envelope, receiver.publicKey).value, receipt);
    assert.throws(
      () => openReceipt(envelope, stranger.publicKey),
      (error) => hasCode(error, 'BAD_ENVELOPE'),
    );
    const seeds = { v: 0, channel, epoch: 1, root: hash } as const;
    assert.deepEqual(openSeedCommitment(await signSeedCommitment(seeds, owner), owner.publicKey).value, seeds);
  });

  test('are not taken for documents of another type', async () => {
    const envelope = await signReceipt(receipt, owner);
    assert.throws(
      () => openSeedCommitment(envelope, owner.publicKey),
      (error) => hasCode(error, 'BAD_ENVELOPE'),
    );
  });

  test('are not signed in a wrong form, and not opened from what is no envelope', async () => {
    await assert.rejects(
      async () => signReceipt({ ...receipt, n: -1 }, receiver),
      (error) => hasCode(error, 'BAD_SHAPE'),
    );
    for (const value of [undefined, {}, 'text', []])
      assert.throws(
        () => openReceipt(value, receiver.publicKey),
        (error) => hasCode(error, 'BAD_SHAPE'),
      );
  });

  test('an epoch record needs both signatures, in order, each once', async () => {
    const proposal = await proposeEpochRecord(record, owner);
    assert.deepEqual(openEpochProposal(proposal, owner.publicKey).value, record);
    assert.throws(
      () => openEpochRecord(proposal, owner.publicKey, receiver.publicKey),
      (error) => hasCode(error, 'BAD_ENVELOPE'),
    );
    const signed = await countersignEpochRecord(proposal, receiver);
    assert.deepEqual(openEpochRecord(signed, owner.publicKey, receiver.publicKey).value, record);
    assert.deepEqual(openEpochRecord(signed, owner.publicKey, receiver.publicKey).hash, openEpochProposal(proposal, owner.publicKey).hash);
    const exchanged = { ...signed, signatures: [...signed.signatures].reverse() };
    const twice = { ...signed, signatures: [signed.signatures[0]!, signed.signatures[0]!] };
    for (const wrong of [exchanged, twice]) {
      assert.throws(
        () => openEpochRecord(wrong, owner.publicKey, receiver.publicKey),
        (error) => hasCode(error, 'BAD_ENVELOPE'),
      );
    }
  });
});

describe('the cumulative receipt', () => {
  const header = (n: number) => toBase64Url(bytesOf(`header ${n}`));
  const received = (n: number) => ({ n, header: header(n), outcome: { delivery: bytesOf(`delivery ${n}`) } });

  test('rolls over the deliveries and notes what was not received, without sticking there', () => {
    let total: CumulativeReceipt | undefined;
    for (const step of [received(0), { n: 1, header: header(1), outcome: { reason: 'disputed' as const } }, received(2)])
      total = extendReceipt(total, step);
    const digest = rollDigest(rollDigest(FIRST_DIGEST, bytesOf('delivery 0')), bytesOf('delivery 2'));
    assert.deepEqual(total, { through: 2, header: header(2), digest: toBase64Url(digest), exceptions: [{ n: 1, reason: 'disputed' }] });
  });

  test('leaves no batch out and takes none twice', () => {
    const first = extendReceipt(undefined, received(0));
    for (const [before, step] of [
      [undefined, received(1)],
      [first, received(0)],
      [first, received(2)],
    ] as const) {
      assert.throws(
        () => extendReceipt(before, step),
        (error) => hasCode(error, 'WRONG_NUMBER'),
      );
    }
  });
});

describe('a deposit', () => {
  const key = bytesOf('batch key');

  test('gives the receiver delivery and conditions, and nobody else', async () => {
    const { check } = await makeBatch();
    const { params } = check;
    const deposit = { delivery: check.package.delivery, conditions: check.package.conditions };
    const box = sealDeposit(params, key, deposit);
    assert.equal(box.length, depositSize(params));
    assert.deepEqual(openDeposit(params, key, box), deposit);
    assert.throws(
      () => openDeposit(params, bytesOf('other'), box),
      (error) => hasCode(error, 'NOT_DECRYPTABLE'),
    );
    assert.throws(
      () => openDeposit(params, key, box.slice(1)),
      (error) => hasCode(error, 'BAD_DEPOSIT'),
    );
    for (const at of [0, 100, box.length - 1]) {
      const changed = box.slice();
      changed[at]! ^= 1;
      assert.throws(
        () => openDeposit(params, key, changed),
        (error) => hasCode(error, 'NOT_DECRYPTABLE'),
      );
    }
  });

  test('has room for the largest channel, and refuses what does not fit', async () => {
    const params = testParams({ streams: 64, publications: 10, conditionDepth: 10, topDepth: 12 });
    const { check } = await makeBatch({ params, tags: [] });
    const raw = Array.from({ length: 64 }, () => hash);
    const delivery = { ...check.package.delivery, payload: toBase64Url(new Uint8Array(500 + raw.length * 46)) };
    sealDeposit(params, key, { delivery, conditions: check.package.conditions });
    const tooLong = { ...delivery, payload: toBase64Url(new Uint8Array(9000)) };
    assert.throws(
      () => sealDeposit(params, key, { delivery: tooLong, conditions: check.package.conditions }),
      (error) => hasCode(error, 'BAD_DEPOSIT'),
    );
  });
});

describe('one condition singled out of a delivery', () => {
  test('is proven to stand in the batch by itself: what a dispute shows', async () => {
    const { check, closed } = await makeBatch({ codes: [0, 1, 2] });
    const { params } = check;
    const { conditions } = verifyConditionOpening(params, 0, closed.root, closed.conditions);
    conditions.forEach((condition, place) => {
      assert.deepEqual(verifyRecordOpening(params, 0, closed.root, singleOut(params, closed.conditions, place)), condition);
    });
    assert.throws(
      () => singleOut(params, closed.conditions, 6),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
  });

  test('is refused at another place, in another batch and under another root', async () => {
    const { check, closed, opener } = await makeBatch();
    const { params } = check;
    const opening = singleOut(params, closed.conditions, 1);
    const codeOf = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return 'passed';
    };
    assert.equal(
      codeOf(() => verifyRecordOpening(params, 0, closed.root, { ...opening, index: 2 })),
      'WRONG_PLACE',
    );
    assert.equal(
      codeOf(() => verifyRecordOpening(params, 1, closed.root, opening)),
      'WRONG_BATCH',
    );
    assert.equal(
      codeOf(() => verifyRecordOpening(params, 0, bytesOf('root'), opening)),
      'WRONG_ROOT',
    );
    assert.equal(
      codeOf(() => verifyRecordOpening(params, 0, closed.root, { ...opening, path: opening.path.slice(1) })),
      'BAD_OPENING',
    );
    assert.equal(
      codeOf(() => verifyRecordOpening(params, 0, closed.root, { ...opening, subtree: 8 })),
      'BAD_OPENING',
    );
    const manifest = opener.record(1, 0, 0);
    assert.equal(
      codeOf(() => verifyRecordOpening(params, 0, closed.root, { ...manifest, index: 2 })),
      'WRONG_PLACE',
    );
    assert.equal(
      codeOf(() => verifyRecordOpening(params, 0, closed.root, { ...manifest, subtree: 2 })),
      'WRONG_ROOT',
    );
  });
});
