import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import {
  accuse,
  type AuditReport,
  type LedgerClaim,
  type ManufacturerConfig,
  type ModuleOptions,
  type OwnerConfig,
  parseProof,
  type ProofReport,
  type ReceiverModule,
  type SenderModule,
  verifyProof,
} from '../../src/app/index.ts';
import { loadAgreement } from '../../src/app/agreement-file.ts';
import { openOwnLedger } from '../../src/app/ledger-access.ts';
import { type Clock, toBase64Url } from '../../src/core/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { systemClock } from '../../src/platform/index.ts';
import { until } from '../support/until.ts';
import { TestPlant, Told } from '../app/plant.ts';

export type Side = 'owner' | 'manufacturer';

/** Short, so that what is missed is missed soon; longer than a busy machine needs. */
export const DEADLINES = { anchorWithinMs: 3000, receiptWithinMs: 3000, depositAfterIntervals: 4, unreceiptedLimit: 10_000 };

const PATIENCE_MS = 60_000;

/** One plant in which one side's module is malicious, and the other's is as it is. */
export class MaliciousScene {
  readonly plant: TestPlant;
  readonly ofOwner = new Told();
  readonly ofManufacturer = new Told();
  readonly #ledgers: Ledger[] = [];
  sender: SenderModule | undefined;
  receiver: ReceiverModule | undefined;

  private constructor(plant: TestPlant) {
    this.plant = plant;
  }

  static async create(deadlines: Partial<typeof DEADLINES> = {}): Promise<MaliciousScene> {
    return new MaliciousScene(
      await TestPlant.create({
        applications: false,
        terms: { deadlines: { ...DEADLINES, ...deadlines }, epoch: { intervals: 4, disputeWindow: 60, lookAheadMs: 120_000 } },
      }),
    );
  }

  async start(
    owner: ModuleOptions = {},
    manufacturer: ModuleOptions = {},
    config: { owner?: OwnerConfig; manufacturer?: ManufacturerConfig } = {},
  ): Promise<void> {
    [this.sender, this.receiver] = await Promise.all([
      this.plant.startSender(this.ofOwner, config.owner, owner),
      this.plant.startReceiver(this.ofManufacturer, config.manufacturer, manufacturer),
    ]);
  }

  get channel(): string {
    return toBase64Url(loadAgreement(this.plant.ownerConfig().channels[0].agreement).terms.channelId);
  }

  /** A finding that one side's module makes. */
  async finds(side: Side, code: string, n?: number): Promise<void> {
    const told = side === 'owner' ? this.ofOwner : this.ofManufacturer;
    const found = () => told.of('finding').map((finding) => `${finding.code} ${finding.n}`);
    await waiting(
      `the ${side} finds ${code} ${n ?? ''}`,
      () => told.of('finding').some((finding) => finding.code === code && (n === undefined || finding.n === n)),
      () =>
        `${this.#progress()}; it found ${found().join(', ')}; warnings: ${told
          .of('warning')
          .map(({ message }) => message)
          .join(' ')}`,
    );
  }

  #progress(): string {
    const last = (events: readonly { readonly n: number }[]) => events.at(-1)?.n ?? 'none';
    const { ofOwner: owner, ofManufacturer: manufacturer } = this;
    const seen = `received ${last(manufacturer.of('received'))}, acknowledged ${last(manufacturer.of('acknowledged'))}`;
    return `sealed ${last(owner.of('sealed'))}, anchored ${last(owner.of('anchored'))}, ${seen}`;
  }

  async anchored(n: number): Promise<void> {
    await waiting(`batch ${n} is anchored`, () => this.ofOwner.of('anchored').some((event) => event.n >= n));
  }

  async acknowledged(n: number): Promise<void> {
    await waiting(`batch ${n} is acknowledged`, () => this.ofManufacturer.of('acknowledged').some((event) => event.n >= n));
  }

  /** Waits for a proof file beside a side's store, and verifies it as somebody who knows ledger and channel. */
  async proof(side: Side, n: number, kind: string): Promise<ProofReport> {
    const file = this.proofFile(side, n, kind);
    await waiting(`proof ${file}`, () => existsSync(file));
    return this.#verified(new Uint8Array(readFileSync(file)));
  }

  proofFile(side: Side, n: number, kind: string): string {
    const config = side === 'owner' ? this.plant.ownerConfig() : this.plant.manufacturerConfig();
    return `${config.channels[0].store}.proofs/${n}-${kind}.json`;
  }

  /** A proof of what the ledger shows, made by one side. */
  async accuses(side: Side, claim: LedgerClaim): Promise<ProofReport> {
    return this.#verified(await accuse(side === 'owner' ? this.plant.ownerFile : this.plant.manufacturerFile, claim));
  }

  #verified(bytes: Uint8Array): Promise<ProofReport> {
    return verifyProof(parseProof(bytes), { expectedLedgerId: this.plant.plant.ledgerId, expectedChannel: this.channel });
  }

  /** The dispute of a batch is on the ledger. */
  async disputed(n: number, kind: string): Promise<void> {
    const ledger = await this.ledger('manufacturer');
    for (const limit = Date.now() + PATIENCE_MS; ; await pause(100)) {
      const found = (await ledger.query('disputes', { channel: this.channel, n })) as readonly { kind: string; against: string }[];
      if (found.some((each) => each.kind === kind)) return;
      if (Date.now() > limit) throw new Error(`No ${kind} dispute of batch ${n} on the ledger.`);
    }
  }

  /**
   * A side's own way to the ledger, beside its module.
   * @param aheadMs by how much the transactions' times run ahead
   */
  async ledger(side: Side, aheadMs = 0): Promise<Ledger> {
    const config = side === 'owner' ? this.plant.ownerConfig() : this.plant.manufacturerConfig();
    const ledger = await openOwnLedger(config, aheadOf(aheadMs));
    this.#ledgers.push(ledger);
    return ledger;
  }

  audit(side: Side): Promise<AuditReport> {
    return this.plant.audit(side === 'owner' ? this.plant.ownerFile : this.plant.manufacturerFile);
  }

  /** Audits again and again, until there is such a finding against the party; deadlines pass by the time of later blocks. */
  async auditFinds(side: Side, party: Side, code: string, n?: number): Promise<AuditReport> {
    for (const limit = Date.now() + PATIENCE_MS; ; await pause(1000)) {
      const report = await this.audit(side);
      const isFound = report.findings.some((found) => found.code === code && found.party === party && (n === undefined || found.n === n));
      if (!isFound && Date.now() < limit) continue;
      requireFound(report, party, code, n);
      return report;
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#ledgers.map((ledger) => ledger.close()));
    await this.plant.end();
  }
}

/** The proof holds and convicts that party. */
export function requireConvicted(report: ProofReport, party: Side): void {
  assert.deepEqual([report.holds, report.convicted?.party], [true, party], report.fault);
}

/** The audit has such a finding against the party, and none against the other. */
export function requireFound(report: AuditReport, party: Side, code: string, n?: number): void {
  const all = JSON.stringify(report.findings, undefined, 1);
  assert.ok(
    report.findings.some((found) => found.code === code && found.party === party && (n === undefined || found.n === n)),
    `${code} ${n ?? ''} ${party}: ${all}`,
  );
  requireInnocent(report, party === 'owner' ? 'manufacturer' : 'owner');
}

/** Nothing in the report convicts the party. */
export function requireInnocent(report: AuditReport, party: Side): void {
  assert.deepEqual(
    report.findings.filter((found) => found.party === party),
    [],
  );
  for (const batch of report.channels.flatMap(({ batches }) => batches)) assert.ok(!batch.parties.includes(party), `batch ${batch.n}`);
}

async function waiting(what: string, holds: () => boolean, tells: () => string = () => ''): Promise<void> {
  try {
    await until(what, holds, PATIENCE_MS);
  } catch (cause) {
    throw new Error(`${(cause as Error).message} ${tells()}`, { cause });
  }
}

function aheadOf(ms: number): Clock {
  return { now: () => systemClock.now() + ms };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
