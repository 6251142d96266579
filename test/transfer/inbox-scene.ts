import assert from 'node:assert/strict';
import { type Envelope, type Json, parseEnvelope, type Signer, toBase64Url, UnavailableError } from '../../src/core/index.ts';
import { type BatchHeader, type DeliveryPackage, openHeader, openReceipt, signHeader } from '../../src/evidence/index.ts';
import { systemArgon2 } from '../../src/platform/index.ts';
import { ReceiverStore, type StoredFinding } from '../../src/store/index.ts';
import {
  type AnchoredBatch,
  type DeliverySource,
  type DepositedBox,
  type DisputeGrounds,
  Inbox,
  type ReceivedCondition,
} from '../../src/transfer/index.ts';
import { ManualClock } from '../support/ledger-network.ts';
import { BLOCK, count, OWNER, RECEIVER, secretsFor, TestSender } from './fixture.ts';
import { STORE_KEY } from '../support/store-key.ts';

/** An owner's module with three sealed batches, and the manufacturer's inbox. Everything that happens is noted in order. */
export class Scene {
  readonly sender = new TestSender();
  readonly store = new ReceiverStore(':memory:', 'test', STORE_KEY);
  readonly happened: string[] = [];
  readonly findings: StoredFinding[] = [];
  readonly conditions: ReceivedCondition[] = [];
  readonly receipts: Envelope[] = [];
  readonly anchored = new Map<number, string>();
  readonly blocks = new Map([[BLOCK.number, BLOCK.hash]]);
  /** What the ledger has of a batch beside its hash. */
  readonly anchors = new Map<number, AnchoredBatch>();
  readonly deposits = new Map<number, DepositedBox>();
  readonly disputes: { readonly n: number; readonly grounds: DisputeGrounds }[] = [];
  readonly clock = new ManualClock();
  /** What the owner's module says of a batch. */
  readonly evidence = new Map<number, Json>();
  receiptKey: Signer = RECEIVER;
  /** The ledger does not answer while this is set. */
  isLedgerAway = false;
  deliveries = new Map<number, Json>();
  /** Receipts fail to arrive while this is set. */
  cut = false;

  static async start(): Promise<Scene> {
    const scene = new Scene();
    scene.sender.collecting.accept(count(15));
    await scene.sender.seal(1);
    scene.sender.collecting.requestCall();
    scene.sender.queue.add(scene.sender.collecting.cutCall(scene.sender.collecting.open.fromMs + 100));
    scene.sender.collecting.accept(count(25));
    await scene.sender.seal(1);
    for (const n of [0, 1, 2]) scene.deliveries.set(n, scene.sender.delivered(n));
    return scene;
  }

  inbox(): Inbox {
    return new Inbox(
      this.sender.terms,
      secretsFor(this.sender.terms),
      {
        argon2: systemArgon2,
        clock: this.clock,
        receiptKey: this.receiptKey,
        store: this.store,
        anchors: {
          anchoredHeader: async (n) => this.asked(this.anchored.get(n)),
          anchored: async (n) => this.asked(this.anchors.get(n)),
          deposited: async (n) => this.asked(this.deposits.get(n)),
          lastBlock: () => BLOCK,
          blockHash: async (number) => this.asked(this.blocks.get(number)),
        },
        dispute: (n, grounds) => void this.disputes.push({ n, grounds }),
        actionKeys: ({ n, codes }) => [`act ${codes.join()}:${n}`],
      },
      {
        received: (condition) => {
          assert.ok(this.store.batch(condition.n) !== undefined, 'stored before it is told');
          this.conditions.push(condition);
          this.happened.push(`received ${condition.n}`);
        },
        acknowledged: (n) => void this.happened.push(`acknowledged ${n}`),
        finding: (finding) => {
          this.findings.push(finding);
          this.happened.push(`finding ${finding.n} ${finding.code}`);
        },
      },
    );
  }

  get source(): DeliverySource {
    return {
      fetchDelivery: async (n) => {
        this.happened.push(`fetch ${n}`);
        return this.deliveries.get(n);
      },
      getEvidence: async (n) => this.evidence.get(n),
      acknowledge: async (receipt) => {
        if (this.cut) throw new UnavailableError('LOST', 'The link is down.');
        const { n } = openReceipt(receipt, RECEIVER.publicKey).value;
        assert.ok(this.store.batch(n) !== undefined, 'stored before it is countersigned');
        this.receipts.push(parseEnvelope(receipt));
        this.happened.push(`receipt ${n}`);
      },
    };
  }

  /** Puts the sealed header of batch `n` on the ledger. */
  anchor(...batches: number[]): void {
    for (const n of batches) {
      const { header, tokens } = this.sender.delivered(n) as DeliveryPackage;
      this.anchored.set(n, this.sender.store.batch(n)!.headerHash);
      this.anchors.set(n, { header, tokens });
    }
  }

  /** Puts another header under a number on the ledger. */
  async anchorOther(n: number, change: Partial<BatchHeader> = { toMs: 1 }): Promise<void> {
    const { header, tokens } = this.sender.delivered(n) as DeliveryPackage;
    const other = await signHeader({ ...openHeader(header, OWNER.publicKey).value, ...change }, OWNER);
    this.anchored.set(n, toBase64Url(openHeader(other, OWNER.publicKey).hash));
    this.anchors.set(n, { header: other, tokens });
  }

  asked<Answer>(answer: Answer): Answer {
    if (this.isLedgerAway) throw new UnavailableError('LEDGER_UNAVAILABLE', 'Not now.');
    return answer;
  }

  /** Kinds of the disputes, by batch. */
  get disputed(): [number, string][] {
    return this.disputes.map(({ n, grounds }) => [n, grounds.body.kind]);
  }

  /** What was found, by batch. */
  get found(): [number, string][] {
    return this.findings.map(({ n, code }) => [n, code]);
  }

  /** Delivers batch `n` in another form. */
  forge(n: number, change: (delivered: DeliveryPackage) => unknown): void {
    this.deliveries.set(n, change(this.sender.delivered(n)) as Json);
  }
}
