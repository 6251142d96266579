import * as v from 'valibot';
import {
  canonicalJson,
  fromBase64Url,
  Hash,
  type Json,
  keyIdOf,
  labelledHash,
  parseShape,
  requireStrictKey,
  toBase64Url,
} from '../core/index.ts';
import { refuse } from './errors.ts';

/** Id of an organisation as the ledger tells it: letters, digits, dot, hyphen, underscore; fits a Fabric MSP id. */
export const OrganisationId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/));

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
        /** Raw Ed25519 key that signs the organisation's transactions. */
        ledgerKey: Hash,
      }),
    ),
    v.minLength(1),
    v.maxLength(256),
  ),
});
/** The first block's content. Its hash is the ledger's id, so nothing of it can ever change. */
export type Genesis = Readonly<v.InferOutput<typeof GenesisShape>>;

/** @throws RejectedError `BAD_SHAPE`, `BAD_KEY`, or `BAD_GENESIS` where an id or a key stands twice */
export function parseGenesis(value: unknown): Genesis {
  const genesis = parseShape(GenesisShape, value, 'genesis');
  const ids = new Set<string>();
  const keys = new Set<string>();
  for (const { id, ledgerKey } of genesis.organisations) {
    requireStrictKey(fromBase64Url(ledgerKey));
    if (ids.has(id)) refuse('BAD_GENESIS', `The organisation id "${id}" stands twice in the genesis.`);
    if (keys.has(ledgerKey)) refuse('BAD_GENESIS', `The ledger key of organisation "${id}" stands twice in the genesis.`);
    ids.add(id);
    keys.add(ledgerKey);
  }
  return genesis;
}

/** The ledger's id, 43 characters. */
export function ledgerIdOf(genesis: Genesis): string {
  return toBase64Url(labelledHash('DCMB/0/ledger', canonicalJson(genesis)));
}

/** The organisation whose ledger key has this id. */
export function organisationByKeyId(genesis: Genesis, keyId: string): Genesis['organisations'][number] | undefined {
  return genesis.organisations.find(({ ledgerKey }) => keyIdOf(fromBase64Url(ledgerKey)) === keyId);
}

/** What the genesis leaves in the state. */
export function genesisWrites(genesis: Genesis): [string, Json][] {
  return [['genesis', genesis]];
}
