import { type Bytes, canonicalJson, concat, toBase64Url, utf8 } from '../../src/core/index.ts';
import { TEST_MODULE, testBytes, testSigner } from '../support/ledger-network.ts';
import type { ForgedChain } from './forged-chain.ts';
import { identityOf, signed } from './forged-keys.ts';
import { forgedTransaction, type ForgedTransaction } from './forged-transaction.ts';
import { bytesOf, numberOf, varint } from './protobuf-writer.ts';

/** An envelope that any member of a channel can have put into a block, with the code that peers of Fabric give it. */
export interface Junk {
  readonly name: string;
  readonly code: number;
  /** Whether it is one of the ledger's, as an honest one. */
  readonly counts: boolean;
  readonly envelope: Bytes;
}

const NOTHING = new Uint8Array(0);
const GARBAGE = Uint8Array.of(0x0a, 0xff, 0x01);
/** Field 500, which no message has. */
const UNKNOWN = bytesOf(500, 'unknown');

type Plan = (plan: ForgedTransaction) => ForgedTransaction;
const changing =
  (change: NonNullable<ForgedTransaction['change']>): Plan =>
  (plan) => ({ ...plan, change });
const replaced = (layer: 'results' | 'action' | 'responsePayload' | 'extension' | 'transaction', bytes: Bytes): Plan =>
  changing({ [layer]: () => bytes });

/** What is not as Fabric wants it. */
const INVALID: Readonly<Record<string, readonly [number, Plan]>> = {
  'of a type that is none': [3, (plan) => ({ ...plan, type: 99 })],
  'of an epoch': [3, (plan) => ({ ...plan, epoch: 1 })],
  'without a nonce': [3, (plan) => ({ ...plan, nonce: NOTHING })],
  'with the id of another': [8, (plan) => ({ ...plan, txId: 'ab'.repeat(32) })],
  'with an id in capitals': [8, (plan) => ({ ...plan, txId: 'AB'.repeat(32) })],
  'without an action': [5, replaced('transaction', NOTHING)],
  'of garbage instead of a transaction': [5, replaced('transaction', GARBAGE)],
  'with two actions': [5, changing({ transaction: (bytes) => concat(bytes, bytes) })],
  'endorsed for another proposal': [5, changing({ responsePayload: (bytes) => concat(bytesOf(1, testBytes('hash')), bytes.subarray(34)) })],
  'with garbage in the extension of its header': [19, replaced('extension', GARBAGE)],
  'without a chaincode in its header': [255, replaced('extension', NOTHING)],
  'with an empty name of the chaincode': [25, replaced('extension', bytesOf(2, NOTHING))],
  'with garbage instead of an action': [21, changing({ responsePayload: (bytes) => concat(bytes.subarray(0, 34), bytesOf(2, GARBAGE)) })],
  'without an action of the chaincode': [21, changing({ responsePayload: (bytes) => bytes.subarray(0, 34) })],
  'with an empty action': [21, changing({ responsePayload: (bytes) => concat(bytes.subarray(0, 34), bytesOf(2, NOTHING)) })],
  'with garbage for its reads and writes': [22, replaced('results', GARBAGE)],
  'executed by a chaincode without a version': [25, changing({ action: (bytes) => concat(bytes, bytesOf(4, bytesOf(3, ''))) })],
  'executed by another chaincode': [25, changing({ action: (bytes) => concat(bytes, bytesOf(4, bytesOf(2, 'other'))) })],
  'with an event of another chaincode': [255, (plan) => ({ ...plan, event: { ...plan.event!, chaincode: 'other' } })],
  'with garbage for its event': [255, changing({ action: (bytes) => concat(bytes, bytesOf(2, GARBAGE)) })],
  'with a namespace twice': [23, (plan) => ({ ...plan, accesses: [...plan.accesses, ...plan.accesses] })],
  'of a chaincode that is not there': [25, (plan) => ({ ...plan, chaincode: 'nobody', event: { ...plan.event!, chaincode: 'nobody' } })],
  'that writes for a chaincode that is not there': [
    25,
    (plan) => ({ ...plan, accesses: [...plan.accesses, { namespace: 'nobody', writes: [{ key: 'a', value: utf8('b') }] }] }),
  ],
  'without an endorsement': [10, (plan) => ({ ...plan, endorsers: [] })],
  'endorsed by one': [10, (plan) => ({ ...plan, endorsers: plan.endorsers.slice(0, 1) })],
  'endorsed by one twice': [10, (plan) => ({ ...plan, endorsers: [plan.endorsers[0]!, plan.endorsers[0]!] })],
  'with garbage for its endorsements': [10, changing({ endorsements: () => bytesOf(2, bytesOf(1, 'nobody')) })],
  'with arguments of garbage and no endorsement': [
    10,
    (plan) => ({ ...plan, endorsers: [], change: { proposalPayload: () => bytesOf(1, GARBAGE) } }),
  ],
  'with arguments that are no message': [10, (plan) => ({ ...plan, endorsers: [], change: { proposalPayload: () => GARBAGE } })],
  'that has read what was never written': [11, withReads([{ key: 'never', version: { block: 1, tx: 0 } }])],
  'that has read an absent key at block 0': [11, withReads([{ key: 'never', version: { block: 0, tx: 0 } }])],
  'that writes the definitions of chaincodes': [
    10,
    (plan) => ({
      ...plan,
      endorsers: plan.endorsers.slice(0, 1),
      accesses: [...plan.accesses, { namespace: '_lifecycle', writes: [{ key: 'namespaces/fields/evidence/Sequence', value: utf8('b') }] }],
    }),
  ],
};

const unendorsed =
  (more: Bytes): Plan =>
  (plan) => ({
    ...plan,
    endorsers: [],
    accesses: plan.accesses.map((access) => ({ ...access, more })),
  });

/** What is malformed in a place that nobody here has a use for. */
const MALFORMED: Readonly<Record<string, readonly [number, Plan]>> = {
  'with a search that is no message': [22, unendorsed(bytesOf(2, Uint8Array.of(0x0a, 0x7f)))],
  'with a search for what is no text': [22, unendorsed(bytesOf(2, bytesOf(1, Uint8Array.of(0xff))))],
  'with a rule of endorsement that is no message': [
    22,
    unendorsed(bytesOf(4, concat(bytesOf(1, 'k'), bytesOf(2, Uint8Array.of(0x0a, 0x7f))))),
  ],
};

/** Writes into the private collection that every organisation has of every chaincode, and endorses alone. */
function alone(
  namespace: (plan: ForgedTransaction) => string,
  peer: string,
): (plan: ForgedTransaction, chain: ForgedChain) => ForgedTransaction {
  return (plan, chain) => ({
    ...plan,
    endorsers: [chain.person(peer)],
    accesses: [],
    change: {
      results: () => {
        const write = bytesOf(2, concat(bytesOf(1, testBytes('key')), bytesOf(3, testBytes('value'))));
        const collection = concat(bytesOf(1, '_implicit_org_stranger'), bytesOf(2, write));
        return bytesOf(2, concat(bytesOf(1, namespace(plan)), bytesOf(2, NOTHING), bytesOf(3, collection)));
      },
    },
  });
}

const FORGED_EVENT = utf8('{"body":{"forged":true,"n":7},"channel":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","kind":"anchor"}');

/** Valid by the word of one organisation, since they write nothing that others share. They must count for nothing. */
const WORTHLESS: Readonly<Record<string, (plan: ForgedTransaction, chain: ForgedChain) => ForgedTransaction>> = {
  'an event of one organisation, in the year 2200': (plan, chain) => ({
    ...alone(({ chaincode }) => chaincode, 'stranger peer')(plan, chain),
    timeMs: 7_258_118_400_000,
    args: ['execute', 'anchor', '{}'],
    response: { status: 200, payload: FORGED_EVENT },
    event: { name: 'dcmb', payload: FORGED_EVENT },
  }),
  'a genesis of one organisation': (plan, chain) => ({
    ...alone(({ chaincode }) => chaincode, 'stranger peer')(plan, chain),
    args: ['genesis', canonicalJson({ ...chain.genesis, name: 'Another' })],
  }),
  'arguments and an event that are no text': (plan, chain) => ({
    ...alone(({ chaincode }) => chaincode, 'stranger peer')(plan, chain),
    args: [Uint8Array.of(0xff), Uint8Array.of(0xff)],
    event: { name: 'dcmb', payload: Uint8Array.of(0xff) },
  }),
  'a call of the certification chaincode': (plan, chain) => ({
    ...alone(() => 'certification', 'stranger peer')(plan, chain),
    chaincode: 'certification',
    event: { ...plan.event!, chaincode: 'certification' },
  }),
};

const creatorAs =
  (change: (pem: string) => string): Plan =>
  (plan) => ({ ...plan, creator: { ...plan.creator, certificate: change(plan.creator.certificate) } });

/** What is unusual, but means the same, so that it is valid. */
const UNUSUAL: Readonly<Record<string, Plan>> = {
  'of a creator with text before the certificate': creatorAs((pem) => `x\n${pem}`),
  'of a creator with text after the certificate': creatorAs((pem) => `${pem}x\n`),
  'of a creator whose certificate has another label': creatorAs((pem) => pem.replaceAll('CERTIFICATE', 'OTHER')),
  'of a creator whose certificate has headers': creatorAs((pem) => pem.replace('-----\n', '-----\nA: b\n\n')),
  'of a creator whose certificate has a tab in it': creatorAs((pem) => pem.replace(/\n(.{10})/, '\n$1\t')),
  'of a creator whose certificate has lines as on Windows': creatorAs((pem) => pem.replaceAll('\n', '\r\n')),
  'of an endorser with text before the certificate': (plan) => ({
    ...plan,
    endorsers: plan.endorsers.map((peer) => ({ ...peer, certificate: `x\n${peer.certificate}` })),
  }),
  'with a payload of another type after the signature': changing({ envelope: (bytes) => concat(bytes, Uint8Array.of(0x08, 0x05)) }),
  'with groups in groups': changing({
    payload: (bytes) => {
      const nested = (tag: number) => Uint8Array.from(Array.from({ length: 200 }, () => [tag, 0x06]).flat());
      return concat(bytes, nested(0xa3), nested(0xa4));
    },
  }),
  'with fields that no message has': changing({
    payload: (bytes) => concat(bytes, UNKNOWN),
    action: (bytes) => concat(UNKNOWN, bytes),
    results: (bytes) => concat(bytes, UNKNOWN),
    proposalPayload: (bytes) => concat(bytes, UNKNOWN),
    actionPayload: (bytes) => concat(bytes, UNKNOWN),
  }),
  'with fields of another type than they have': changing({ payload: (bytes) => concat(bytes, numberOf(1, 7), numberOf(2, 7)) }),
  'with a field twice, of which the last counts': changing({ action: (bytes) => concat(bytesOf(1, GARBAGE), bytes) }),
  'with a message in two parts': changing({ action: (bytes) => concat(bytesOf(3, numberOf(1, 500)), bytes) }),
  'with numbers longer than they have to be': changing({
    action: (bytes) => concat(Uint8Array.of(0xa8, 0x80, 0x00), varint(1), bytes),
  }),
  'with a group': changing({ action: (bytes) => concat(Uint8Array.of(0xa3, 0x06, 0x08, 0x01, 0xa4, 0x06), bytes) }),
  'with a field after the signature': changing({ envelope: (bytes) => concat(bytes, UNKNOWN) }),
  'with an endorsement that does not verify beside two that do': (plan) => ({
    ...plan,
    change: { endorsements: (bytes) => concat(bytesOf(2, concat(bytesOf(1, identityOf(plan.endorsers[0]!)), bytesOf(2, GARBAGE))), bytes) },
  }),
};

function withReads(reads: NonNullable<ForgedTransaction['accesses'][number]['reads']>): Plan {
  return (plan) => ({ ...plan, accesses: plan.accesses.map((access) => ({ ...access, reads: [...(access.reads ?? []), ...reads] })) });
}

/**
 * @param chain with the genesis of the ledger; only its keys and names are used
 * @param timeMs of all of them
 */
export async function allJunk(chain: ForgedChain, timeMs: number): Promise<Junk[]> {
  const plans: [string, number, boolean, (plan: ForgedTransaction, chain: ForgedChain) => ForgedTransaction][] = [
    ...Object.entries({ ...INVALID, ...MALFORMED }).map(([name, [code, plan]]): (typeof plans)[number] => [name, code, false, plan]),
    ...Object.entries(UNUSUAL).map(([name, plan]): (typeof plans)[number] => [name, 0, true, plan]),
    ...Object.entries(WORTHLESS).map(([name, plan]): (typeof plans)[number] => [name, 0, false, plan]),
  ];
  const junk = await Promise.all(
    plans.map(async ([name, code, counts, plan]): Promise<Junk> => {
      const body = { key: toBase64Url(testSigner(`junk ${name}`).publicKey), module: TEST_MODULE, attestation: 'none' };
      const { plan: honest } = await chain.planned('stranger', 'registerKey', body, timeMs);
      const nonce = testBytes(`junk ${name}`).slice(0, 24);
      return { name, code, counts, envelope: forgedTransaction(plan({ ...honest, nonce }, chain)).envelope };
    }),
  );
  return [...junk, ...highEndorsement(chain, await chain.planned('stranger', 'registerKey', highBody(), timeMs))];
}

function highBody(): { key: string; module: string; attestation: string } {
  return { key: toBase64Url(testSigner('junk high').publicKey), module: TEST_MODULE, attestation: 'none' };
}

/** An endorser's signature with s in the upper half is none. */
function highEndorsement(chain: ForgedChain, { plan }: { readonly plan: ForgedTransaction }): Junk[] {
  let payload: Bytes = NOTHING;
  const peer = chain.person('owner peer');
  const high = () => {
    const endorser = identityOf(peer);
    return bytesOf(2, concat(bytesOf(1, endorser), bytesOf(2, signed(peer, concat(payload, endorser), 'high'))));
  };
  const change: ForgedTransaction['change'] = {
    responsePayload: (bytes) => (payload = bytes),
    endorsements: (bytes) => concat(bytes, high()),
  };
  const endorsers = [chain.person('manufacturer peer')];
  return [
    {
      name: 'endorsed with a signature of the upper half',
      code: 10,
      counts: false,
      envelope: forgedTransaction({ ...plan, endorsers, change }).envelope,
    },
  ];
}
