import { type LedgerClaim, parseProof, verifyProof, writeProof } from '../audit/index.ts';
import { type Bytes, parseEnvelope, RejectedError } from '../core/index.ts';
import { loadAgreement } from './agreement-file.ts';
import { readChannel } from './channel-view.ts';
import { openOwnLedger, requireSameLedger } from './ledger-access.ts';

/**
 * A proof file for what only the ledger shows: a deadline that was missed, a number that was passed over. Works beside a
 * running module, on either side.
 * @param config configuration of either side
 * @param channel its name; may be absent where the configuration has one only
 * @throws RejectedError `PROOF_DOES_NOT_HOLD` where the ledger does not show it
 */
export async function accuse(config: string, claim: LedgerClaim, channel?: string): Promise<Bytes> {
  const own = readChannel(config, channel);
  const [{ agreement: path }] = own.channels;
  const { agreement, file } = loadAgreement(path);
  requireSameLedger(agreement, own.ledger, path);
  const ledger = await openOwnLedger(own);
  try {
    const bytes = writeProof({ channel: parseEnvelope(file.channel), body: claim, support: { blocks: await ledger.blocks(0) } });
    const { holds, fault } = await verifyProof(parseProof(bytes), { expectedLedgerId: agreement.ledger });
    if (!holds) throw new RejectedError('PROOF_DOES_NOT_HOLD', fault ?? 'The proof does not hold.');
    return bytes;
  } finally {
    await ledger.close();
  }
}
