import { type Envelope, envelopeHash, equalBytes, fromBase64Url, toBase64Url } from '../core/index.ts';
import { openDeposit, openReceipt, type Receipt } from '../evidence/index.ts';
import { type BatchCase, messageOf } from './batch-case.ts';
import type { Anchored } from './channel-ledger.ts';
import { checkBlockReference } from './header-checks.ts';
import { namedKey } from './ledger-view.ts';

/** Looks for what shows that the manufacturer has the delivery: a receipt in the export or on the ledger, or a deposit. */
export async function checkAcknowledgement(batch: BatchCase, anchored: Anchored): Promise<void> {
  const { receipts, deposits } = batch.context.ledger;
  const exported = batch.evidence?.receipt[0];
  if (exported !== undefined) await checkReceipt(batch, anchored, exported, `${batch.pointer}/receipt/0`);
  const onLedger = receipts.get(batch.n);
  if (onLedger !== undefined) await checkReceipt(batch, anchored, onLedger.envelope, onLedger.pointer);
  const deposit = deposits.get(batch.n);
  if (deposit !== undefined) checkDeposit(batch, deposit.box, deposit.pointer);
}

async function checkReceipt(batch: BatchCase, anchored: Anchored, envelope: Envelope, place: string): Promise<void> {
  batch.findings.checked('receipts');
  const receipt = await openedReceipt(batch, envelope, place);
  if (receipt === undefined) return;
  batch.receiptBlocks.push({ ...receipt.lastBlock, place });
  checkBlockReference(batch, 'receipt', place, receipt.lastBlock);
  const contradiction = contradictionIn(batch, anchored, receipt);
  if (contradiction !== undefined) {
    batch.dispute('BAD_RECEIPT', 'undecided', 'receipt', place, contradiction);
    return;
  }
  batch.deliveryHash ??= fromBase64Url(receipt.delivery);
  batch.judgement.acknowledgement = 'receipt';
}

/** A receipt that the manufacturer did not sign is no receipt. */
async function openedReceipt(batch: BatchCase, envelope: Envelope, place: string): Promise<Receipt | undefined> {
  const { view, ledger } = batch.context;
  const notOne = (message: string): undefined => {
    batch.find('BAD_RECEIPT', 'exporter', 'receipt', place, message);
  };
  const key = namedKey(envelope, await view.keysOf(ledger.id, 'manufacturer', batch.n));
  if (key === undefined) return notOne("It names a signing key that is not the manufacturer's in this channel.");
  let receipt;
  try {
    receipt = openReceipt(envelope, key).value;
  } catch (error) {
    return notOne(messageOf(error));
  }
  if (receipt.channel !== ledger.id || receipt.n !== batch.n) return notOne('It is the receipt of another batch or channel.');
  return receipt;
}

/** Both sides signed: the owner what it anchored and delivered, the manufacturer what it received. */
function contradictionIn(batch: BatchCase, anchored: Anchored, receipt: Receipt): string | undefined {
  if (receipt.header !== anchored.headerHash) return 'The manufacturer receipted another header than the one anchored under this number.';
  if (batch.deliveryHash !== undefined && receipt.delivery !== toBase64Url(batch.deliveryHash)) {
    return "The manufacturer receipted another delivery than the owner's in the export.";
  }
  return undefined;
}

/** With K_batch from the opened records the deposit opens to the very same delivery, or it is junk. */
function checkDeposit(batch: BatchCase, box: string, place: string): void {
  const { verified, context } = batch;
  if (verified === undefined) {
    batch.judgement.lacks('batch key for the deposit');
    batch.find('BAD_DEPOSIT', 'undecided', 'deposit', place, 'It cannot be opened, for the export does not open the batch key.');
    return;
  }
  batch.findings.checked('deposits');
  try {
    const content = openDeposit(context.ledger.params, fromBase64Url(verified.statement.batchKey.key), fromBase64Url(box));
    if (!equalBytes(envelopeHash(content.delivery), verified.delivery.hash)) {
      batch.dispute('BAD_DEPOSIT', 'owner', 'deposit', place, 'It holds another delivery than the one in the export.');
      return;
    }
  } catch (error) {
    batch.dispute('BAD_DEPOSIT', 'owner', 'deposit', place, messageOf(error));
    return;
  }
  if (batch.judgement.acknowledgement === 'none') batch.judgement.acknowledgement = 'deposit';
}
