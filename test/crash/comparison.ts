import { type AuditReport, exportAudit, parseExport, systemArgon2, verifyExport } from 'dcmb';
import { kindOfBlocks, verifyBlocks } from '../../src/audit/ledger-blocks.ts';
import { type Json, toBase64Url } from '../../src/core/index.ts';
import type { StoredBatch } from '../../src/store/index.ts';
import { ACTIONS } from './crash-plant.ts';
import type { Remains } from './open-stores.ts';
import { provenReadings, type TagForm } from './opened-batches.ts';
import { writerOf, type WrittenValues } from './written-values.ts';

/** What happened to the writes, batches and actions of a whole run, counted from what is stored. */
export interface Comparison {
  readonly acknowledged: number;
  /** Acknowledged, and in no batch that opens. */
  readonly lost: number;
  /** More than once in batches, whether acknowledged or not. */
  readonly duplicated: number;
  /** In a batch, and never sent. */
  readonly invented: number;
  /** Before a value in its batch's order that the same writer had sent, and had an answer to, earlier. */
  readonly disordered: number;
  readonly readings: number;
  readonly batches: number;
  /** Batches whose root could not be made again from seed and readings. */
  readonly unopened: number;
  readonly anchoredOnce: number;
  readonly receiptedOnce: number;
  readonly actionsDue: number;
  readonly actionsLost: number;
  /** Run under a key that no batch asks for. */
  readonly actionsInvented: number;
  readonly actionRuns: number;
  /** What is wrong, in words: the first few of each kind. */
  readonly faults: readonly string[];
}

const MOST_FAULTS = 20;

/** @param runs of each action, by idempotency key */
export async function compare(
  remains: Remains,
  written: WrittenValues,
  runs: ReadonlyMap<string, number>,
  tags: TagForm,
): Promise<Comparison> {
  const faults: string[] = [];
  const fault = (text: string): void => void (faults.length < MOST_FAULTS && faults.push(text));
  const batches = remains.owner.batches(0, Number.MAX_SAFE_INTEGER);
  requireRow(batches, fault);
  const values = compareValues(remains, batches, written, tags, fault);
  const anchoredOnce = await countAnchored(remains, batches, fault);
  const receiptedOnce = batches.filter((batch) => isReceiptedOnce(remains, batch, fault)).length;
  return { ...values, batches: batches.length, anchoredOnce, receiptedOnce, ...compareActions(remains, batches, runs, fault), faults };
}

type Fault = (text: string) => void;

function requireRow(batches: readonly StoredBatch[], fault: Fault): void {
  batches.forEach(({ n, interval }, index) => {
    if (n !== index) fault(`The owner's batch ${n} stands at place ${index}.`);
    const before = batches[index - 1];
    if (before !== undefined && interval !== before.through + (before.row === 0 ? 1 : 0))
      fault(`Batch ${n} is of interval ${interval}, and the one before ended with ${before.through}.`);
  });
}

function compareValues(remains: Remains, batches: readonly StoredBatch[], { sent, good }: WrittenValues, tags: TagForm, fault: Fault) {
  const times = new Map<string, number>();
  const last = new Map<string, number>();
  let [readings, unopened, disordered] = [0, 0, 0];
  for (const batch of batches) {
    try {
      for (const { tag, value } of provenReadings(remains, batch, tags)) {
        readings += 1;
        const name = `${tag} ${String(value)}`;
        times.set(name, (times.get(name) ?? 0) + 1);
        const { writer, count } = writerOf(Number(value));
        if ((last.get(`${tag} ${writer}`) ?? -1) > count) disordered += 1;
        last.set(`${tag} ${writer}`, count);
      }
    } catch (error) {
      unopened += 1;
      fault(`Batch ${batch.n} does not open: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const lost = [...good].filter((name) => !times.has(name));
  const twice = [...times].filter(([, count]) => count > 1);
  const invented = [...times.keys()].filter((name) => !sent.has(name));
  for (const name of lost.slice(0, 5)) fault(`Acknowledged, and in no batch: ${name}.`);
  for (const [name, count] of twice.slice(0, 5)) fault(`${count} times in batches: ${name}.`);
  for (const name of invented.slice(0, 5)) fault(`In a batch, and never sent: ${name}.`);
  return {
    acknowledged: good.size,
    lost: lost.length,
    duplicated: twice.length,
    invented: invented.length,
    disordered,
    readings,
    unopened,
  };
}

/** Batches with exactly one anchor on the ledger, of the header and transaction that the owner's store names. */
async function countAnchored({ ledger, terms }: Remains, batches: readonly StoredBatch[], fault: Fault): Promise<number> {
  const channel = toBase64Url(terms.channelId);
  const anchors = new Map<Json, { readonly header: Json | undefined; readonly txId: string }[]>();
  const blocks = await ledger.blocks(0);
  for (const { txId, event } of (await verifyBlocks(kindOfBlocks(blocks), blocks, ledger.id)).events) {
    const { n = -1, header } = event.body;
    if (event.kind === 'anchor' && event.channel === channel) anchors.set(n, [...(anchors.get(n) ?? []), { header, txId }]);
  }
  for (const n of anchors.keys())
    if (batches[Number(n)] === undefined) fault(`The ledger has batch ${Number(n)}, and the owner's store does not.`);
  return batches.filter(({ n, headerHash, transactionId, ledgerState }) => {
    const found = anchors.get(n) ?? [];
    const once = found.length === 1 && found[0]?.header === headerHash && found[0].txId === transactionId && ledgerState === 'Anchored';
    if (!once) fault(`Batch ${n} is ${ledgerState} in the owner's store, and ${found.length} times on the ledger.`);
    return once;
  }).length;
}

/** Both stores hold the very receipt, for the header that the owner sealed. */
function isReceiptedOnce({ receiver }: Remains, batch: StoredBatch, fault: Fault): boolean {
  const { n, headerHash, deliveryHash, deliveryState, receipt } = batch;
  const other = receiver.batch(n);
  const once =
    deliveryState === 'Receipted' &&
    other?.headerHash === headerHash &&
    other.deliveryHash === deliveryHash &&
    JSON.stringify(other.receipt) === JSON.stringify(receipt);
  if (!once) fault(`Batch ${n} is ${deliveryState} at the owner, and ${other === undefined ? 'unknown' : 'stored'} at the receiver.`);
  return once;
}

/** Which actions were due follows from what the owner sealed, whatever the receiver made of it. */
function compareActions({ terms }: Remains, batches: readonly StoredBatch[], runs: ReadonlyMap<string, number>, fault: Fault) {
  const channel = toBase64Url(terms.channelId);
  const due = new Set<string>();
  let before: readonly number[] = [];
  for (const { n, codes } of batches.filter(({ row }) => row === 0)) {
    const [maintenance = -1, overheated = -1] = codes;
    if (maintenance >= 0) due.add(`${channel}:${ACTIONS.every}:${n}`);
    if (overheated >= 0 && overheated !== before[1]) due.add(`${channel}:${ACTIONS.change}:${n}`);
    before = codes;
  }
  const lost = [...due].filter((key) => !runs.has(key));
  const invented = [...runs.keys()].filter((key) => !due.has(key));
  for (const key of lost.slice(0, 5)) fault(`Due, and never run: ${key}.`);
  for (const key of invented.slice(0, 5)) fault(`Run, and never due: ${key}.`);
  const actionRuns = [...runs.values()].reduce((sum, count) => sum + count, 0);
  return { actionsDue: due.size, actionsLost: lost.length, actionsInvented: invented.length, actionRuns };
}

/** The verdict of an auditor who has the export of one side. */
export async function auditOf(configFile: string, ledgerId: string): Promise<AuditReport> {
  return verifyExport(parseExport(await exportAudit(configFile)), { argon2: systemArgon2, expectedLedgerId: ledgerId });
}
