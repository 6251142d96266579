import { type Bytes } from '../core/index.ts';
import { readCreator, readHeader } from './envelope.ts';
import { decode } from './message.ts';
import { ChaincodeHeaderExtensionMessage, HeaderMessage } from './messages.ts';

/** What the headers of a proposal or a transaction say. */
export interface ProposalHeader {
  readonly channel: string;
  readonly txId: string;
  /** ms since 1970 UTC, rounded down; `undefined` where there is no valid time. */
  readonly timeMs: number | undefined;
  /** MSP id */
  readonly creator: string;
  /** The chaincode that is called; empty where none is named. */
  readonly chaincode: string;
}

/**
 * Reads the header of a proposal: endorsers and verifiers by the same code, so that they never read it differently.
 * @param bytes a `common.Header`
 * @throws RejectedError `BAD_ENCODING`
 */
export function readProposalHeader(bytes: Bytes): ProposalHeader {
  const { channel, txId, timeMs, creatorBytes, extension } = readHeader(decode(HeaderMessage, bytes, 'header'));
  const { chaincodeId } = decode(ChaincodeHeaderExtensionMessage, extension, 'chaincode header extension');
  return { channel, txId, timeMs, creator: readCreator(creatorBytes).mspId, chaincode: chaincodeId?.name ?? '' };
}
