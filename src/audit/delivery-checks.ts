import { conditionCodes } from '../agreement/index.ts';
import { type Envelope, equalBytes, fromBase64Url, keyIdOf, RESERVED_CODES, toBase64Url } from '../core/index.ts';
import {
  type BatchHeader,
  type BatchStatement,
  type ConditionOpening,
  conditionOpeningHash,
  type Delivery,
  fillerTokens,
  intervalCodes,
  NO_SLOT_KEY,
  openDelivery,
  type Opened,
  tokenOf,
  tokensDigest,
  verifyBatchKey,
  verifyConditionOpening,
  verifyH,
} from '../evidence/index.ts';
import { type BatchCase, faultOf, messageOf } from './batch-case.ts';
import type { Anchored } from './channel-ledger.ts';
import { namedKey } from './ledger-view.ts';

const BATCH_KEY_PROOF = 'proof of the batch key';

/**
 * Follows a delivery from its signature to the records and back to the anchor. What an owner's signature does not cover
 * can have been changed by whoever wrote the file, and convicts nobody. What is not there at all is judged by `requireDelivery`.
 */
export async function checkDelivery(batch: BatchCase, anchored: Anchored): Promise<void> {
  const envelope = batch.evidence?.delivery[0];
  const opening = batch.evidence?.conditions[0];
  if (envelope === undefined || opening === undefined) {
    batch.lacking = envelope === undefined ? 'delivery' : 'condition opening';
    return;
  }
  batch.findings.checked('deliveries');
  const delivery = await openedDelivery(batch, envelope);
  if (delivery === undefined) return;
  batch.deliveryHash = delivery.hash;
  if (!(await agreesWithHeader(batch, anchored, delivery.value))) return;
  const statement = openedStatement(batch, anchored.header, delivery.value, opening);
  if (statement === undefined) return;
  batch.verified = { delivery, statement };
  checkRecords(batch, anchored.header, statement);
  checkTokens(batch, anchored, statement);
  await checkHash(batch, anchored.header, statement);
  await checkBatchKey(batch, anchored.header, statement);
}

async function openedDelivery(batch: BatchCase, envelope: Envelope): Promise<Opened<Delivery> | undefined> {
  const { view, ledger } = batch.context;
  const place = `${batch.pointer}/delivery/0`;
  const unusable = (message: string): undefined => {
    batch.judgement.lacks('delivery');
    batch.find('BAD_DELIVERY', 'exporter', 'delivery', place, message);
  };
  const key = namedKey(envelope, await view.keysOf(ledger.id, 'owner', batch.n));
  if (key === undefined) return unusable("It names a signing key that is not the owner's in this channel.");
  let opened;
  try {
    opened = openDelivery(envelope, key);
  } catch (error) {
    return unusable(messageOf(error));
  }
  if (opened.value.channel !== ledger.id || opened.value.n !== batch.n) return unusable('It is the delivery of another batch or channel.');
  return opened;
}

async function agreesWithHeader(batch: BatchCase, anchored: Anchored, delivery: Delivery): Promise<boolean> {
  const { view, ledger, agreement } = batch.context;
  const refused = (message: string): boolean => {
    batch.dispute('BAD_DELIVERY', 'owner', 'delivery', `${batch.pointer}/delivery/0`, message);
    return false;
  };
  if (delivery.header !== anchored.headerHash)
    return refused('The owner signed it for another header than the one anchored under this number.');
  const recipients = (await view.keysOf(ledger.id, 'manufacturer', batch.n)).map(keyIdOf);
  if (!recipients.includes(delivery.recipient)) return refused("It was made for a key that is not the manufacturer's in this channel.");
  if (delivery.raw.length !== agreement.rawReleased.length)
    return refused('It lists another number of raw tags than the agreement releases.');
  return true;
}

function openedStatement(batch: BatchCase, header: BatchHeader, delivery: Delivery, opening: ConditionOpening): BatchStatement | undefined {
  const place = `${batch.pointer}/conditions/0`;
  batch.findings.checked('openings');
  if (toBase64Url(conditionOpeningHash(opening)) !== delivery.conditions) {
    batch.judgement.lacks('condition opening');
    batch.find('BAD_OPENING', 'exporter', 'condition opening', place, 'It is not the opening whose hash the delivery signs.');
    return undefined;
  }
  try {
    return verifyConditionOpening(batch.context.ledger.params, batch.n, fromBase64Url(header.root), opening);
  } catch (error) {
    batch.dispute('BAD_OPENING', 'owner', 'condition opening', place, messageOf(error));
    return undefined;
  }
}

/** The records must be such as a batch of its kind can have. */
function checkRecords(batch: BatchCase, header: BatchHeader, statement: BatchStatement): void {
  const refused = (message: string) => batch.dispute('BAD_RECORDS', 'owner', 'condition records', `${batch.pointer}/conditions/0`, message);
  const noKey = toBase64Url(NO_SLOT_KEY);
  const slotKeys = new Map<number, string>();
  for (const { stream, code, slotKey } of statement.conditions) {
    if (!conditionCodes(batch.context.agreement, stream).includes(code))
      refused(`Stream ${stream} has a code that the agreement does not list for it.`);
    if (header.row > 0 && code !== RESERVED_CODES.NONE) refused('A batch that was called for shows a condition.');
    if (header.through > header.interval && code !== RESERVED_CODES.MISSED)
      refused('A batch over several intervals shows another condition than MISSED.');
    if ((slotKey === noKey) !== header.row > 0)
      refused(`The record of stream ${stream} carries a slot key where there is none, or none where there must be one.`);
    if ((slotKeys.get(stream) ?? slotKey) !== slotKey) refused(`The records of stream ${stream} carry different slot keys.`);
    slotKeys.set(stream, slotKey);
  }
}

function checkTokens(batch: BatchCase, { header, tokens, pointer }: Anchored, statement: BatchStatement): void {
  if (header.row > 0) {
    batch.findings.checked('fillers');
    const expected = tokensDigest(fillerTokens(batch.context.ledger.params, fromBase64Url(statement.batchKey.key)));
    if (equalBytes(tokensDigest(tokens), expected)) return;
    batch.dispute('WRONG_TOKEN', 'owner', 'filler tokens', pointer, 'They are not those of its batch key.');
    return;
  }
  const { params } = batch.context.ledger;
  if (tokens.tokens.length === 0) return;
  intervalCodes(params, statement).forEach((code, stream) => {
    batch.findings.checked('tokens');
    const record = statement.conditions.find((candidate) => candidate.stream === stream);
    const token = toBase64Url(tokenOf(fromBase64Url(record?.slotKey ?? ''), code));
    if (token === tokens.tokens[stream]) return;
    batch.dispute('WRONG_TOKEN', 'owner', `token of stream ${stream}`, pointer, 'It does not stand for the condition in the record.');
  });
}

async function checkHash(batch: BatchCase, header: BatchHeader, statement: BatchStatement): Promise<void> {
  const { argon2, ledger } = batch.context;
  batch.findings.checked('hashes');
  try {
    await verifyH(argon2, header, intervalCodes(ledger.params, statement), fromBase64Url(statement.batchKey.key));
  } catch (error) {
    batch.dispute('WRONG_H', 'owner', 'header', `${batch.pointer}/conditions/0`, messageOf(error));
  }
}

/**
 * A proof is nobody's statement, so a wrong one convicts nobody. Whether one must be there shows at the end of the audit:
 * see `requireBatchKeyProof`.
 */
async function checkBatchKey(batch: BatchCase, header: BatchHeader, statement: BatchStatement): Promise<void> {
  const { view, ledger } = batch.context;
  const proof = batch.evidence?.batchKeyProof ?? [];
  if (proof.length === 0) return;
  batch.findings.checked('batchKeys');
  const { interval, row } = header;
  const disclosed = { interval, row, key: fromBase64Url(statement.batchKey.key), proof };
  const root = await view.tokenRoot(ledger.id, header);
  const fault =
    root === undefined
      ? 'No token set on the ledger commits to a batch key.'
      : faultOf(() => verifyBatchKey(ledger.params, fromBase64Url(root), disclosed));
  if (fault === undefined) return;
  batch.judgement.lacks(BATCH_KEY_PROOF);
  batch.find('WRONG_BATCH_KEY', 'exporter', BATCH_KEY_PROOF, `${batch.pointer}/batchKeyProof`, fault);
}

/**
 * Whoever signs a receipt has compared the batch key with its own. A deposit has nobody's word but the owner's, and under a
 * made-up key its recipient cannot open it; so there the key must be proven to be the one in the co-signed token set, without
 * which the ledger takes no deposit.
 */
export function requireBatchKeyProof(batch: BatchCase): void {
  if (batch.judgement.acknowledgement !== 'deposit' || (batch.evidence?.batchKeyProof.length ?? 0) > 0) return;
  const message = 'Only a deposit shows that the manufacturer can have it, and the export does not prove the key that opens it.';
  batch.judgement.lacks(BATCH_KEY_PROOF);
  batch.find('BATCH_KEY_UNPROVEN', 'exporter', BATCH_KEY_PROOF, `${batch.pointer}/batchKeyProof`, message);
}
