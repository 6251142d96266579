import { parseProof, type Proof, verifyProof, writeProof } from '../audit/index.ts';
import { type Bytes, type Envelope, envelopeHashText, parseEnvelope, parseShape, RejectedError, toBase64Url } from '../core/index.ts';
import { DeliveryPackageShape, HEADER_TYPE, openReceipt } from '../evidence/index.ts';
import { loadStoreKey } from '../platform/index.ts';
import { ReceiverStore } from '../store/index.ts';
import { loadAgreement } from './agreement-file.ts';
import { type ManufacturerConfig, readConfig } from './config.ts';

/**
 * The manufacturer's answer to a `receipt` proof by an owner that has signed two headers under one number: a `fork` proof of
 * the header that the module holds and the one in the accusation. Works beside a running module, without a ledger.
 * @param config configuration of the manufacturer's side
 * @param accusation bytes of the `receipt` proof
 * @throws RejectedError `PROOF_DOES_NOT_HOLD` where the store holds nothing that convicts the owner
 */
export async function rebut(config: string, accusation: Bytes): Promise<Bytes> {
  const own = readConfig(config);
  if (own.role !== 'manufacturer') throw holdsNot('only the manufacturer signs receipts; give its configuration');
  const { terms, file } = loadAgreement(own.channels[0].agreement);
  const { receipt, signed } = receiptClaim(parseProof(accusation));
  const { n } = openReceipt(receipt, terms.receiverKey).value;
  const header = await heldHeader(own, toBase64Url(terms.channelId), n);
  if (envelopeHashText(header) === envelopeHashText(signed)) throw holdsNot('the module holds the very header that the accusation shows');
  const bytes = writeProof({ channel: parseEnvelope(file.channel), body: { kind: 'fork', header, other: signed } });
  const { holds, fault } = await verifyProof(parseProof(bytes), { expectedChannel: toBase64Url(terms.channelId) });
  if (!holds) throw new RejectedError('PROOF_DOES_NOT_HOLD', fault ?? 'The proof does not hold.');
  return bytes;
}

function receiptClaim({ kind, body }: Proof): { readonly receipt: Envelope; readonly signed: Envelope } {
  if (kind !== 'receipt') throw holdsNot(`the accusation is a ${kind} proof, and only a receipt proof can be turned round`);
  const { receipt, signed } = body as { receipt?: unknown; signed?: unknown };
  const shown = parseEnvelope(signed);
  if (shown.payloadType !== HEADER_TYPE)
    throw holdsNot('the accusation shows a delivery; show the one that the audit export has for this number, which the owner signed');
  return { receipt: parseEnvelope(receipt), signed: shown };
}

async function heldHeader(own: ManufacturerConfig, channel: string, n: number): Promise<Envelope> {
  const store = new ReceiverStore(own.channels[0].store, channel, await loadStoreKey(own.keys.store), { mustExist: true });
  try {
    const held = store.batch(n);
    if (held !== undefined) return parseShape(DeliveryPackageShape, held.deliveryPackage, 'delivery package').header;
    const excepted = store.exception(n)?.header;
    if (excepted !== undefined) return excepted;
    throw holdsNot(`the store holds no header of batch ${n}`);
  } finally {
    store.close();
  }
}

function holdsNot(why: string): RejectedError<string> {
  return new RejectedError('PROOF_DOES_NOT_HOLD', `The accusation can't be turned round: ${why}.`);
}
