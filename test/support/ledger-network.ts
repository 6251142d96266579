import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { channelIdOf, type FabricGenesis, type Genesis, ledgerIdOf, signChannelDocument } from '../../src/contract/index.ts';
import {
  type ChannelParams,
  type Clock,
  ed25519Signer,
  labelledHash,
  parseChannelParams,
  type Random,
  sha256,
  type Signer,
  toBase64Url,
  utf8,
} from '../../src/core/index.ts';
import { type Commit, createEmbeddedLedger, type Ledger, openEmbeddedLedger } from '../../src/ledger/index.ts';
import { pause } from './pause.ts';

/** Organisations of every test network. The stranger is a member of the ledger and a party of nothing. */
export const ORGANISATIONS = ['owner', 'manufacturer', 'stranger'] as const;
export type OrganisationName = (typeof ORGANISATIONS)[number];

/** 32 bytes that depend on the text alone: keys, nonces and seeds of tests. */
export function testBytes(text: string): Uint8Array {
  return sha256(utf8(`DCMB test ${text}`));
}

/** An Ed25519 signer whose private key depends on the text alone. */
export function testSigner(text: string): Signer {
  return ed25519Signer(testBytes(`key ${text}`));
}

export function ledgerKey(organisation: OrganisationName): Signer {
  return testSigner(`ledger ${organisation}`);
}

export function evidenceKey(organisation: OrganisationName): Signer {
  return testSigner(`evidence ${organisation}`);
}

export const TEST_MODULE = toBase64Url(testBytes('module'));
export const TEST_COMMITMENT = toBase64Url(testBytes('agreement commitment'));

export function testGenesis(changes: Partial<Genesis> = {}): Genesis {
  return {
    v: 0,
    nonce: toBase64Url(testBytes('genesis')),
    name: 'Test network',
    testNetwork: true,
    certificationRequired: false,
    organisations: ORGANISATIONS.map((id) => ({ id, name: `The ${id}`, ledgerKey: toBase64Url(ledgerKey(id).publicKey) })),
    ...changes,
  };
}

/** The same members on Fabric. */
export function testFabricGenesis(changes: Partial<FabricGenesis> = {}): FabricGenesis {
  return {
    ...testGenesis({ organisations: ORGANISATIONS.map((id) => ({ id, name: `The ${id}` })) }),
    fabric: {
      channel: 'dcmb',
      genesisBlock: toBase64Url(testBytes('Fabric block 0')),
      evidence: 'evidence',
      certification: 'certification',
      endorsements: 2,
    },
    ...changes,
  };
}

/** 2 streams, intervals of a second from 2026-01-01 on, epochs of 8, one call an interval. */
export function testParams(changes: Partial<ChannelParams> = {}): ChannelParams {
  return parseChannelParams({
    streams: 2,
    codesPerSlot: 8,
    epochIntervals: 8,
    intervalMs: 1000,
    originMs: Date.UTC(2026, 0, 1),
    publications: 1,
    callsPerInterval: 1,
    callGridMs: 100,
    publishDelayMs: 50,
    anchorWithinMs: 500,
    receiptWithinMs: 500,
    depositAfter: 3,
    unreceiptedLimit: 10,
    conditionDepth: 3,
    topDepth: 2,
    argon2Profile: 0,
    ...changes,
  });
}

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  timeMs: number;

  constructor(timeMs: number = Date.UTC(2026, 0, 1)) {
    this.timeMs = timeMs;
  }

  now(): number {
    return this.timeMs;
  }
}

/** Bytes that never repeat within a process, the same in every run. */
export class CountingRandom implements Random {
  #count = 0;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  bytes(length: number): Uint8Array {
    return labelledHash('DCMB test random', utf8(`${this.#name} ${this.#count++}`)).slice(0, length);
  }
}

/** Signs the document that opens the test channel; gives the transaction's body and the channel's id. */
export async function testChannel(ledgerId: string, params: ChannelParams = testParams()) {
  const party = (org: 'owner' | 'manufacturer') => ({ org, key: toBase64Url(evidenceKey(org).publicKey) });
  const document = await signChannelDocument(
    { v: 0, ledger: ledgerId, commitment: TEST_COMMITMENT, params, owner: party('owner'), manufacturer: party('manufacturer') },
    evidenceKey('owner'),
    evidenceKey('manufacturer'),
  );
  return { channel: channelIdOf(ledgerId, TEST_COMMITMENT), body: { document } };
}

/** Sends a transaction: prepare and submit. */
export async function send(ledger: Ledger, ...[kind, body]: Parameters<Ledger['prepare']>) {
  return ledger.submit(await ledger.prepare(kind, body));
}

/**
 * Sends what the contract refuses; a ledger may do so at either step.
 * @returns the transaction's id, where there was one
 */
export async function refusedAs(code: string, ledger: Ledger, ...[kind, body]: Parameters<Ledger['prepare']>): Promise<string | undefined> {
  let txId: string | undefined;
  const sending = async (): Promise<void> => {
    const prepared = await ledger.prepare(kind, body);
    txId = prepared.txId;
    await ledger.submit(prepared);
  };
  await assert.rejects(sending(), { kind: 'Rejected', code });
  return txId;
}

/** A commit, once all these handles see it: on a network each reads from a peer of its own. */
export async function seenBy(ledgers: readonly Ledger[], commit: Commit): Promise<Commit> {
  const limit = Date.now() + 30_000;
  for (const ledger of ledgers) {
    while ((await ledger.blockInfo(commit.block.number)) === undefined) {
      if (Date.now() > limit) throw new Error(`Organisation ${ledger.organisation} waited in vain for block ${commit.block.number}.`);
      await pause(10);
    }
  }
  return commit;
}

/** Logs both parties' evidence keys and opens the test channel. Gives its id. */
export async function openTestChannel(owner: Ledger, manufacturer: Ledger, params: ChannelParams = testParams()): Promise<string> {
  for (const ledger of [owner, manufacturer]) {
    const key = toBase64Url(evidenceKey(ledger.organisation as OrganisationName).publicKey);
    await seenBy([owner], await send(ledger, 'registerKey', { key, module: TEST_MODULE, attestation: 'none' }));
  }
  const { channel, body } = await testChannel(owner.id, params);
  await seenBy([manufacturer], await send(owner, 'openChannel', body));
  return channel;
}

export interface LedgerNetwork {
  readonly genesis: Genesis;
  readonly ledgerId: string;
  readonly file: string;
  readonly clock: ManualClock;
  /** Closes all handles: nothing of the ledger is left but its file. */
  readonly closeAll: () => Promise<void>;
  /** Another handle of an organisation's; closed with the test. */
  readonly open: (organisation: OrganisationName) => Promise<Ledger>;
  readonly owner: Ledger;
  readonly manufacturer: Ledger;
  readonly stranger: Ledger;
}

/** An embedded ledger in a folder of its own that goes with the test, with a handle for each organisation. */
export async function ledgerNetwork(t: TestContext, changes: Partial<Genesis> = {}): Promise<LedgerNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'dcmb-ledger-'));
  const file = join(folder, 'ledger.db');
  const genesis = testGenesis(changes);
  const ledgerId = ledgerIdOf(genesis);
  const clock = new ManualClock();
  const handles: Ledger[] = [];
  const closeAll = async (): Promise<void> => {
    for (const handle of handles.splice(0)) await handle.close();
  };
  t.after(async () => {
    await closeAll();
    await rm(folder, { recursive: true, force: true });
  });
  await createEmbeddedLedger({ file, genesis });
  let opened = 0;
  const open = async (organisation: OrganisationName): Promise<Ledger> => {
    const random = new CountingRandom(`${organisation} ${opened++}`);
    const ledger = await openEmbeddedLedger({ file, ledgerId, organisation, signer: ledgerKey(organisation), clock, random });
    handles.push(ledger);
    return ledger;
  };
  const [owner, manufacturer, stranger] = [await open('owner'), await open('manufacturer'), await open('stranger')];
  return { genesis, ledgerId, file, clock, closeAll, open, owner, manufacturer, stranger };
}
