import { envelopeHashText, RejectedError } from '../core/index.ts';
import { type ChannelDocument, everUsedKey, offlineState } from '../contract/index.ts';
import { HEADER_TYPE, openDelivery, openHeader, openReceipt } from '../evidence/index.ts';
import type { ProofSupport, ReceiptClaim } from './proof-format.ts';
import type { Held } from './proof-report.ts';

/**
 * A receipt for something else than what the owner signed under the number. An owner that has signed both could frame the
 * manufacturer with it; so the manufacturer, which keeps what it receipts, can turn it round by showing that.
 */
export async function judgeReceipt(document: ChannelDocument, { receipt, signed }: ReceiptClaim, support: ProofSupport): Promise<Held> {
  const { state, channel } = await offlineState(document, support);
  const key = await everUsedKey(state, channel, 'manufacturer', receipt);
  const receipted = openReceipt(receipt, key).value;
  const ownerKey = await everUsedKey(state, channel, 'owner', signed);
  const isHeader = signed.payloadType === HEADER_TYPE;
  const own = isHeader ? openHeader(signed, ownerKey).value : openDelivery(signed, ownerKey).value;
  if (receipted.channel !== channel.id || own.channel !== channel.id || own.n !== receipted.n)
    throw holdsNot('receipt and header or delivery are not of one batch of this channel');
  const claimed = isHeader ? receipted.header : receipted.delivery;
  if (claimed === envelopeHashText(signed)) throw holdsNot('the receipt is for exactly what the owner signed');
  const what = isHeader ? 'header' : 'delivery';
  return {
    n: receipted.n,
    convicted: {
      party: 'manufacturer',
      organisation: channel.manufacturer,
      of: `it signed a receipt for another ${what} than the one that the owner signed for this batch number.`,
      unless: `it shows a ${what} for this number with hash ${claimed}, signed by the owner: that would convict the owner.`,
    },
    rests: [`A receipt, signed by the manufacturer, and a ${what}, signed by the owner.`],
  };
}

function holdsNot(why: string): RejectedError<string> {
  return new RejectedError('PROOF_DOES_NOT_HOLD', `The proof does not hold: ${why}.`);
}
