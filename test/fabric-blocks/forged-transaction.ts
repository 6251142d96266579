import { type Bytes, canonicalJson, concat, type Json, sha256, toHex, utf8 } from '../../src/core/index.ts';
import { identityOf, type Person, signed } from './forged-keys.ts';
import { bytesOf, filled, numberOf } from './protobuf-writer.ts';

/** Where a value was written. */
export interface WrittenAt {
  readonly block: number;
  readonly tx: number;
}

export interface ForgedAccess {
  readonly namespace: string;
  readonly reads?: readonly { readonly key: string; readonly version?: WrittenAt | undefined }[];
  readonly writes?: readonly { readonly key: string; readonly value: Bytes; readonly isDelete?: boolean }[];
  /** Further fields of the namespace's read and write set. */
  readonly more?: Bytes;
}

/** Everything that can be said in a transaction, whether it makes sense or not. */
export interface ForgedTransaction {
  readonly channel: string;
  readonly creator: Person;
  /** Who signs the proposal; the creator unless given. */
  readonly proposer?: Person;
  readonly nonce: Bytes;
  readonly timeMs: number;
  readonly chaincode: string;
  readonly args: readonly (string | Bytes)[];
  readonly accesses: readonly ForgedAccess[];
  readonly response?: { readonly status: number; readonly payload: Bytes };
  readonly event?: { readonly name: string; readonly payload: Bytes; readonly chaincode?: string; readonly txId?: string };
  readonly endorsers: readonly Person[];
  /** Type of the envelope; 3 unless given. */
  readonly type?: number;
  readonly txId?: string;
  readonly epoch?: number;
  /** Changes to single layers, made before whatever signs them. */
  readonly change?: Readonly<Partial<Record<Layer, (bytes: Bytes) => Bytes>>>;
  readonly half?: 'low' | 'high';
}

type Layer =
  | 'extension'
  | 'results'
  | 'action'
  | 'responsePayload'
  | 'proposalPayload'
  | 'endorsements'
  | 'actionPayload'
  | 'transaction'
  | 'payload'
  | 'signature'
  | 'envelope';

export interface Forged {
  readonly txId: string;
  readonly envelope: Bytes;
}

export function forgedTransaction(plan: ForgedTransaction): Forged {
  const change = (layer: Layer, bytes: Bytes): Bytes => plan.change?.[layer]?.(bytes) ?? bytes;
  const signatureHeader = concat(bytesOf(1, identityOf(plan.creator)), bytesOf(2, plan.nonce));
  const actionHeader = concat(bytesOf(1, identityOf(plan.proposer ?? plan.creator)), bytesOf(2, plan.nonce));
  const txId = plan.txId ?? toHex(sha256(plan.nonce, identityOf(plan.creator)));
  const extension = change('extension', bytesOf(2, bytesOf(2, plan.chaincode)));
  const channelHeader = channelHeaderOf(plan, txId, extension);
  const proposalPayload = change('proposalPayload', proposalPayloadOf(plan));
  const action = change('action', actionOf(plan, txId, change('results', resultsOf(plan.accesses))));
  const proposalHash = sha256(channelHeader, actionHeader, proposalPayload);
  const responsePayload = change('responsePayload', concat(bytesOf(1, proposalHash), bytesOf(2, action)));
  const endorsements = change('endorsements', concat(...plan.endorsers.map((peer) => bytesOf(2, endorsementOf(peer, responsePayload)))));
  const actionPayload = change(
    'actionPayload',
    concat(bytesOf(1, proposalPayload), bytesOf(2, concat(bytesOf(1, responsePayload), endorsements))),
  );
  const transaction = change('transaction', bytesOf(1, concat(bytesOf(1, actionHeader), bytesOf(2, actionPayload))));
  const header = concat(bytesOf(1, channelHeader), bytesOf(2, signatureHeader));
  const payload = change('payload', concat(bytesOf(1, header), bytesOf(2, transaction)));
  const signature = change('signature', signed(plan.creator, payload, plan.half));
  return { txId, envelope: change('envelope', concat(bytesOf(1, payload), bytesOf(2, signature))) };
}

export function timestampOf(timeMs: number): Bytes {
  return concat(numberOf(1, Math.floor(timeMs / 1000)), numberOf(2, (timeMs % 1000) * 1_000_000));
}

function channelHeaderOf({ type = 3, timeMs, channel, epoch = 0 }: ForgedTransaction, txId: string, extension: Bytes): Bytes {
  return concat(
    numberOf(1, type),
    bytesOf(3, timestampOf(timeMs)),
    bytesOf(4, channel),
    bytesOf(5, txId),
    numberOf(6, epoch),
    bytesOf(7, extension),
  );
}

function proposalPayloadOf({ chaincode, args }: ForgedTransaction): Bytes {
  const spec = concat(numberOf(1, 2), bytesOf(2, bytesOf(2, chaincode)), bytesOf(3, concat(...args.map((arg) => bytesOf(1, arg)))));
  return bytesOf(1, bytesOf(1, spec));
}

function actionOf({ chaincode, event, response }: ForgedTransaction, txId: string, results: Bytes): Bytes {
  const told =
    event === undefined
      ? new Uint8Array(0)
      : concat(bytesOf(1, event.chaincode ?? chaincode), bytesOf(2, event.txId ?? txId), bytesOf(3, event.name), bytesOf(4, event.payload));
  const answer = response === undefined ? numberOf(1, 200) : concat(numberOf(1, response.status), filled(3, response.payload));
  return concat(bytesOf(1, results), filled(2, told), bytesOf(3, answer), bytesOf(4, concat(bytesOf(2, chaincode), bytesOf(3, '1'))));
}

function resultsOf(accesses: readonly ForgedAccess[]): Bytes {
  return concat(...accesses.map((access) => bytesOf(2, concat(bytesOf(1, access.namespace), bytesOf(2, rwSetOf(access))))));
}

function rwSetOf({ reads = [], writes = [], more = new Uint8Array(0) }: ForgedAccess): Bytes {
  const version = ({ block, tx }: WrittenAt) => bytesOf(2, concat(numberOf(1, block), numberOf(2, tx)));
  return concat(
    ...reads.map((read) =>
      bytesOf(1, concat(bytesOf(1, read.key), read.version === undefined ? new Uint8Array(0) : version(read.version))),
    ),
    ...writes.map(({ key, value, isDelete }) =>
      bytesOf(3, concat(bytesOf(1, key), numberOf(2, isDelete === true ? 1 : 0), filled(3, value))),
    ),
    more,
  );
}

function endorsementOf(peer: Person, responsePayload: Bytes): Bytes {
  const endorser = identityOf(peer);
  return concat(bytesOf(1, endorser), bytesOf(2, signed(peer, concat(responsePayload, endorser))));
}

/** What the chaincode says of an event of the contract. */
export function answered(event: Json): Pick<ForgedTransaction, 'event' | 'response'> {
  const payload = canonicalJson(event);
  return { event: { name: 'dcmb', payload }, response: { status: 200, payload } };
}

export function arg(text: string): Bytes {
  return utf8(text);
}
