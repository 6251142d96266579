import { RejectedError } from '../../../core/index.ts';
import { readProposalHeader } from '../../../fabric-blocks/index.ts';
import type { Stub } from './stub.ts';

/** What a transaction's sender signed beside its arguments. */
export interface Proposal {
  /** MSP id of who signed; the peer has checked the signature. */
  readonly creator: string;
  /** The channel header's timestamp, ms since 1970 UTC. */
  readonly timeMs: number;
  /** The chaincode that the sender called; another one where that one called this. */
  readonly chaincode: string;
}

/**
 * Reads the header of the proposal with the decoder that verifies blocks.
 * @throws RejectedError `BAD_SHAPE` where it has no valid time, `BAD_ENCODING`
 */
export function readProposal(stub: Stub): Proposal {
  if (stub.proposal === undefined) throw new Error('The peer gave no proposal.');
  const { creator, timeMs, chaincode } = readProposalHeader(new Uint8Array(stub.proposal.getHeader_asU8()));
  if (timeMs === undefined) throw new RejectedError('BAD_SHAPE', 'The proposal has no valid time.');
  return { creator, timeMs, chaincode };
}
