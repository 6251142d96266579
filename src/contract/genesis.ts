import * as v from 'valibot';
import { canonicalJson, fromBase64Url, Hash, type Json, labelledHash, parseShape, requireStrictKey, toBase64Url } from '../core/index.ts';
import { refuse } from './errors.ts';

/** Id of an organisation as the ledger tells it: letters, digits, dot, hyphen, underscore. On Fabric it is the MSP id. */
export const OrganisationId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/));

/** Fabric's own rule for names of chaincodes. */
const ChaincodeName = v.pipe(v.string(), v.maxLength(64), v.regex(/^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$/));

/** Where on Fabric the ledger lives, and what makes a transaction on it count. */
export const FabricShape = v.strictObject({
  /** Name of the Fabric channel. */
  channel: v.pipe(v.string(), v.maxLength(249), v.regex(/^[a-z][a-z0-9.-]*$/)),
  /** SHA-256 of the ASN.1 header of the channel's block 0. That block holds the members' MSP roots, so the ledger id pins them. */
  genesisBlock: Hash,
  /** The chaincode that holds the evidence. */
  evidence: ChaincodeName,
  /** The chaincode that holds certifications. */
  certification: ChaincodeName,
  /** Members whose peers must endorse a transaction. */
  endorsements: v.literal(2),
});

export const GenesisShape = v.strictObject({
  v: v.literal(0),
  /** 32 random bytes: two networks of the same name and members have different ids. */
  nonce: Hash,
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  /** True where simulated attestation is admitted and nothing of value hangs on the ledger. */
  testNetwork: v.boolean(),
  /** True where only batches of certified modules are anchored without the mark UNCERTIFIED. */
  certificationRequired: v.boolean(),
  organisations: v.pipe(
    v.array(
      v.strictObject({
        id: OrganisationId,
        name: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
        /** Raw Ed25519 key that signs the organisation's transactions. On Fabric there is none: its MSP says who signs. */
        ledgerKey: v.exactOptional(Hash),
      }),
    ),
    v.minLength(1),
    v.maxLength(256),
  ),
  /** Present on Fabric, absent on the embedded ledger. */
  fabric: v.exactOptional(FabricShape),
});
/** The first block's content. Its hash is the ledger's id, so nothing of it can ever change. */
export type Genesis = Readonly<v.InferOutput<typeof GenesisShape>>;

/** The genesis of a ledger on Fabric. */
export type FabricGenesis = Genesis & { readonly fabric: Readonly<v.InferOutput<typeof FabricShape>> };

/**
 * A genesis has one of two forms: every organisation with a ledger key (embedded), or `fabric` and no ledger key.
 * @throws RejectedError `BAD_SHAPE`, `BAD_KEY`, or `BAD_GENESIS` where an id or a key stands twice, or the forms are mixed
 */
export function parseGenesis(value: unknown): Genesis {
  const genesis = parseShape(GenesisShape, value, 'genesis');
  requireDistinct(
    genesis.organisations.map(({ id }) => id),
    'organisation id',
  );
  if (isFabricGenesis(genesis)) requireFabricForm(genesis);
  else requireLedgerKeys(genesis);
  return genesis;
}

export function isFabricGenesis(genesis: Genesis): genesis is FabricGenesis {
  return genesis.fabric !== undefined;
}

/** @throws RejectedError those of {@link parseGenesis}, and `BAD_GENESIS` for the genesis of a ledger on Fabric */
export function parseEmbeddedGenesis(value: unknown): Genesis {
  const genesis = parseGenesis(value);
  if (isFabricGenesis(genesis)) refuse('BAD_GENESIS', 'The genesis is that of a ledger on Fabric, not of an embedded one.');
  return genesis;
}

/** @throws RejectedError those of {@link parseGenesis}, and `BAD_GENESIS` for the genesis of an embedded ledger */
export function parseFabricGenesis(value: unknown): FabricGenesis {
  const genesis = parseGenesis(value);
  if (!isFabricGenesis(genesis)) refuse('BAD_GENESIS', 'The genesis is that of an embedded ledger, not of one on Fabric.');
  return genesis;
}

function requireLedgerKeys({ organisations }: Genesis): void {
  const keys = organisations.map(
    ({ id, ledgerKey }) => ledgerKey ?? refuse('BAD_GENESIS', `Organisation "${id}" has no ledger key in the genesis.`),
  );
  for (const key of keys) requireStrictKey(fromBase64Url(key));
  requireDistinct(keys, 'ledger key');
}

function requireFabricForm({ organisations, fabric }: FabricGenesis): void {
  const keyed = organisations.find(({ ledgerKey }) => ledgerKey !== undefined);
  if (keyed !== undefined) refuse('BAD_GENESIS', `Organisation "${keyed.id}" has a ledger key; on Fabric its MSP says who signs.`);
  if (fabric.evidence === fabric.certification) refuse('BAD_GENESIS', 'Evidence and certification must be two chaincodes.');
  if (organisations.length < fabric.endorsements) {
    refuse('BAD_GENESIS', `${organisations.length} organisation can never give ${fabric.endorsements} endorsements.`);
  }
}

function requireDistinct(values: readonly string[], what: string): void {
  const twice = values.find((value, place) => values.indexOf(value) !== place);
  if (twice !== undefined) refuse('BAD_GENESIS', `The ${what} "${twice}" stands twice in the genesis.`);
}

/** The ledger's id, 43 characters. */
export function ledgerIdOf(genesis: Genesis): string {
  return toBase64Url(labelledHash('DCMB/0/ledger', canonicalJson(genesis)));
}

/** Whether the ledger knows the organisation. */
export function isMember(genesis: Genesis, organisation: string): boolean {
  return genesis.organisations.some(({ id }) => id === organisation);
}

/** What the genesis leaves in the state. */
export function genesisWrites(genesis: Genesis): [string, Json][] {
  return [['genesis', genesis]];
}
