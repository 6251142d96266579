import {
  type ChannelParams,
  ed25519Signer,
  fromBase64Url,
  RESERVED_CODES,
  type Signer,
  toBase64Url,
  type UaValue,
} from '../../src/core/index.ts';
import { EpochKeys } from '../../src/evidence/index.ts';
import { systemArgon2 } from '../../src/platform/index.ts';
import { compilePolicy, type MappingPolicy } from '../../src/policy/index.ts';
import { type ChannelProgress, SenderStore } from '../../src/store/index.ts';
import {
  BatchSealer,
  type ChannelTerms,
  CollectingChannel,
  type CutBatch,
  EpochSecrets,
  firstProgress,
  SealingQueue,
  type TagReading,
} from '../../src/transfer/index.ts';
import { ManualClock, testBytes, testParams } from '../support/ledger-network.ts';
import { STORE_KEY } from '../support/store-key.ts';

export const OWNER: Signer = ed25519Signer(testBytes('key evidence owner'));
export const RECEIVER: Signer = ed25519Signer(testBytes('key evidence manufacturer'));
export const BLOCK = { number: 3, hash: toBase64Url(testBytes('block 3')) };
export const TAG_DEPTH = 3;

/** Two tags, two streams: the last count, and the greatest heat; without a reading the condition before is held. */
export const POLICY: MappingPolicy = compilePolicy({
  name: 'policy.json',
  text: JSON.stringify({
    id: 'transfer-test',
    version: 1,
    tags: [
      { name: 'Count', type: 'Int32' },
      { name: 'Heat', type: 'Double' },
    ],
    streams: [stream('Counted', 'Count', 'last'), stream('Hot', 'Heat', 'max')],
  }),
});

function stream(name: string, tag: string, aggregate: string): unknown {
  const condition = (code: number, range: object): unknown => ({
    code,
    text: { en: `${name} ${code}`, de: `${name} ${code} (de)` },
    importance: 100 + code,
    ranges: [range],
  });
  return {
    name,
    title: { en: name, de: name },
    tags: [tag],
    aggregate,
    conditions: [condition(0, { to: 10 }), condition(1, { from: 10, to: 20 }), condition(2, { from: 20 })],
    quality: { missing: 'hold' },
  };
}

const CODES = [...Object.values(RESERVED_CODES), 0, 1, 2].sort((a, b) => a - b);

export function transferParams(changes: Partial<ChannelParams> = {}): ChannelParams {
  return testParams({ epochIntervals: 4, callsPerInterval: 2, ...changes });
}

export function termsFor(params: ChannelParams = transferParams(), changes: Partial<ChannelTerms> = {}): ChannelTerms {
  return {
    channelId: testBytes('channel'),
    agreementVersion: 1,
    params,
    codes: [CODES, CODES],
    policyCommitment: testBytes('policy'),
    moduleDigest: testBytes('module'),
    ownerKey: OWNER.publicKey,
    receiverKey: RECEIVER.publicKey,
    rawReleased: [],
    lookAheadMs: 4 * params.epochIntervals * params.intervalMs,
    disputeWindowEpochs: 2,
    ...changes,
  };
}

export function secretsFor(terms: ChannelTerms): EpochSecrets {
  return new EpochSecrets(terms, EpochKeys.first(testBytes('channel key'), terms.params).bytes, 0);
}

export function firstFor(terms: ChannelTerms, interval = 0): ChannelProgress {
  const { bytes } = EpochKeys.first(testBytes('channel key'), terms.params);
  return firstProgress(terms, interval, testBytes('ratchet'), bytes, POLICY.tags.length);
}

export function collecting(terms: ChannelTerms, progress: ChannelProgress = firstFor(terms)): CollectingChannel {
  const secrets = new EpochSecrets(terms, fromBase64Url(progress.epochKey), progress.epoch);
  return new CollectingChannel(terms, secrets, POLICY, TAG_DEPTH, progress);
}

/** Goes on from what a cut leaves in the store. */
export function resumed(terms: ChannelTerms, cut: CutBatch): CollectingChannel {
  return collecting(terms, JSON.parse(JSON.stringify({ ...cut.progress, prev: firstFor(terms).prev })) as ChannelProgress);
}

export function count(value: number, acceptedMs = 0): TagReading {
  return reading('Count', { type: 'Int32', value }, acceptedMs);
}

export function heat(value: number, acceptedMs = 0): TagReading {
  return reading('Heat', { type: 'Double', value }, acceptedMs);
}

function reading(tag: string, value: UaValue, acceptedMs: number): TagReading {
  return { tag, value, status: 0, sourceMs: acceptedMs, acceptedMs };
}

/** Everything of an owner's module from the cut to the store, with clocks that the test sets. */
export class TestSender {
  readonly terms: ChannelTerms;
  readonly secrets: EpochSecrets;
  readonly store: SenderStore;
  readonly clock: ManualClock;
  readonly collecting: CollectingChannel;
  readonly queue: SealingQueue;
  readonly late: number[] = [];
  readonly failures: unknown[] = [];

  constructor(terms: ChannelTerms = termsFor(), store: SenderStore = new SenderStore(':memory:', 'test', STORE_KEY)) {
    this.terms = terms;
    this.store = store;
    this.clock = new ManualClock(terms.params.originMs);
    if (store.progress() === undefined) store.begin(firstFor(terms));
    const progress = store.progress()!;
    this.secrets = new EpochSecrets(terms, fromBase64Url(progress.epochKey), progress.epoch);
    this.collecting = new CollectingChannel(terms, this.secrets, POLICY, TAG_DEPTH, progress);
    this.queue = new SealingQueue({
      params: terms.params,
      secrets: this.secrets,
      sealer: new BatchSealer(terms, this.secrets, { argon2: systemArgon2, evidenceKey: OWNER, lastBlock: () => BLOCK }),
      store,
      clock: this.clock,
      listener: {
        sealed: ({ n }, _cut, late) => void (late && this.late.push(n)),
        failed: (error) => void this.failures.push(error),
      },
    });
  }

  /** Ends `count` intervals at their grid points, each sealed in time. */
  async seal(intervals: number): Promise<void> {
    for (let i = 0; i < intervals; i++) {
      this.clock.timeMs = this.collecting.endMs;
      this.queue.add(this.collecting.cutInterval(false));
      await this.queue.idle();
    }
  }

  /** Cuts off what is over by the clock, as missed. */
  missed(): CutBatch {
    return this.collecting.cutMissed(this.collecting.missedThrough(this.clock.now()));
  }

  /** Delivery package of a batch, as the manufacturer would get it. */
  delivered(n: number): never {
    return structuredClone(this.store.batch(n)?.deliveryPackage) as never;
  }
}
