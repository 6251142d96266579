import { concat } from '../core/index.ts';
import { headerBytes, type StoredBlock } from './block.ts';
import type { ChannelConfig } from './channel-config.ts';
import { distinct, identify } from './msp.ts';
import { refuse } from './errors.ts';
import { decode, decodeExact } from './message.ts';
import { MetadataMessage, OrdererBlockMetadataMessage, SignatureHeaderMessage } from './messages.ts';

/**
 * Verifies the orderers' signatures on a block: at least one, each by an orderer of an orderer organisation of the configuration
 * in force before the block, together enough for the channel's policy, and all of them naming the newest configuration block.
 * No hash covers these bytes, so only their one canonical form is taken.
 * @param lastConfig number of the newest configuration block up to and with this one
 * @throws RejectedError `BAD_BLOCK`, `BAD_ENCODING`
 */
export function verifyBlockSignatures(block: StoredBlock, config: ChannelConfig, lastConfig: number): void {
  const { value, signatures } = decodeExact(MetadataMessage, block.signatures, 'block signatures');
  if (signatures.length === 0) refuse('BAD_BLOCK', 'No orderer has signed it.');
  const orderers = new Map([...config.orderers].map(([id, { msp }]) => [id, msp]));
  const header = headerBytes(block);
  const signers = signatures.map(({ signatureHeader, signature }) => {
    const { creator } = decode(SignatureHeaderMessage, signatureHeader, 'signature header');
    const identity = identify(orderers, creator);
    const isOrderer = identity !== undefined && (orderers.get(identity.mspId)?.tellsRoles === false || identity.hasRole('orderer'));
    if (!isOrderer) refuse('BAD_BLOCK', 'It is signed by somebody who is no orderer of the channel.');
    if (!identity.certificate.verifies(concat(value, signatureHeader, header), signature))
      refuse('BAD_BLOCK', "An orderer's signature on it does not verify.");
    return identity;
  });
  if (distinct(signers).length < signers.length) refuse('BAD_BLOCK', 'An orderer has signed it twice.');
  if (!config.satisfies('/Channel/Orderer/BlockValidation', signers)) refuse('BAD_BLOCK', 'It is signed by too few orderers.');
  const named = decode(OrdererBlockMetadataMessage, value, 'orderer metadata').lastConfig?.index;
  if (named !== BigInt(lastConfig))
    refuse('BAD_BLOCK', `Its orderer names block ${named} as the newest configuration, which is ${lastConfig}.`);
}
