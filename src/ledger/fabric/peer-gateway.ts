import { type ChannelOptions, Client, credentials } from '@grpc/grpc-js';
import { connect, type Gateway, hash, type Network, type Status } from '@hyperledger/fabric-gateway';
import { type Bytes, UnavailableError } from '../../core/index.ts';
import type { LedgerErrorCode } from '../port.ts';
import type { Call } from './call.ts';
import type { FabricPeer } from './connection-profile.ts';
import type { FabricIdentity } from './identity.ts';
import type { FabricPatience } from './patience.ts';
import { requireProposed } from './prepared.ts';

export interface PeerGatewayParts {
  readonly peer: FabricPeer;
  readonly identity: FabricIdentity;
  readonly fabricChannel: string;
  readonly patience: FabricPatience;
}

/** Blocks as a peer delivers them, one after the other. */
export interface BlockFeed {
  /** The next block's bytes. Rejects when the stream was cut. */
  next(): Promise<Bytes>;
  close(): void;
}

/** A peer refuses pings that come more often than once a minute. */
const KEEPALIVE_MS = 120_000;

function channelOptions({ tlsName }: FabricPeer): ChannelOptions {
  return {
    ...(tlsName === undefined ? {} : { 'grpc.ssl_target_name_override': tlsName, 'grpc.default_authority': tlsName }),
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': 10_000,
  };
}

/** The connection to one peer of the own organisation, which is the gateway to all the others. */
export class PeerGateway {
  readonly name: string;
  readonly #parts: PeerGatewayParts;
  readonly #client: Client;
  readonly #gateway: Gateway;
  readonly #network: Network;

  constructor(parts: PeerGatewayParts) {
    const { peer, identity, fabricChannel } = parts;
    this.name = peer.name;
    this.#parts = parts;
    this.#client = new Client(peer.address, credentials.createSsl(Buffer.from(peer.tlsRoots)), channelOptions(peer));
    this.#gateway = connect({
      client: this.#client,
      identity: { mspId: identity.mspId, credentials: Buffer.from(identity.pem) },
      // Signers take the message itself: node:crypto has no way to sign a digest.
      hash: hash.none,
      signer: (message) => this.#sign(message),
    });
    this.#network = this.#gateway.getNetwork(fabricChannel);
  }

  /** Connects, if that was not done yet. @throws Error where there is no connection within `ms` */
  reach(ms: number): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#client.waitForReady(Date.now() + ms, (error) => (error === undefined ? resolve() : reject(error))),
    );
  }

  /** Reads, from a peer of the own organisation alone unless the call names another one. */
  evaluate({ chaincode, name, args, at = this.#parts.identity.mspId }: Call): Promise<Bytes> {
    const proposal = this.#network.getContract(chaincode).newProposal(name, { arguments: [...args], endorsingOrganizations: [at] });
    return proposal.evaluate(within(this.#parts.patience.evaluateMs));
  }

  /** Proposes and has endorsed by as many organisations as the chaincode's policy wants. Gives a signed transaction. */
  async endorse(call: Call): Promise<{ txId: string; bytes: Bytes }> {
    const { chaincode, name, args } = call;
    const proposal = this.#network.getContract(chaincode).newProposal(name, { arguments: [...args] });
    const endorsed = await proposal.endorse(within(this.#parts.patience.endorseMs));
    requireProposed(plain(endorsed.getBytes()), proposal.getTransactionId(), this.#parts.fabricChannel, call);
    const signature = await this.#sign(endorsed.getDigest());
    const signed = this.#gateway.newSignedTransaction(endorsed.getBytes(), signature);
    return { txId: signed.getTransactionId(), bytes: plain(signed.getBytes()) };
  }

  /** Hands a transaction to the orderers. @returns a signed question for its commit status, which any peer answers */
  async submit(bytes: Bytes): Promise<Bytes> {
    const submitted = await this.#gateway.newTransaction(bytes).submit(within(this.#parts.patience.submitMs));
    const signature = await this.#sign(submitted.getDigest());
    return plain(this.#gateway.newSignedCommit(submitted.getBytes(), signature).getBytes());
  }

  commitStatus(question: Bytes): Promise<Status> {
    return this.#gateway.newCommit(question).getStatus(within(this.#parts.patience.commitMs));
  }

  /** Blocks from a number on, and those to come. */
  async blocks(from: number): Promise<BlockFeed> {
    const blocks = await this.#network.getBlockEvents({ startBlock: BigInt(from) });
    return feedOf(blocks);
  }

  close(): void {
    this.#gateway.close();
    this.#client.close();
  }

  async #sign(message: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#parts.identity.signer.sign(plain(message));
    } catch (cause) {
      throw new UnavailableError<LedgerErrorCode>(
        'LEDGER_UNAVAILABLE',
        'The key for Fabric does not sign. See whether its token is there.',
        {
          cause,
          details: { stage: 'propose' },
        },
      );
    }
  }
}

type Blocks = Awaited<ReturnType<Network['getBlockEvents']>>;

function feedOf(blocks: Blocks): BlockFeed {
  const iterator = blocks[Symbol.asyncIterator]();
  return {
    next: async () => {
      // At the end of the stream it rejects: no stream of blocks has an end.
      const result = await iterator.next();
      return plain((result.value as { serializeBinary(): Uint8Array }).serializeBinary());
    },
    close: () => blocks.close(),
  };
}

function within(ms: number): { deadline: number } {
  return { deadline: Date.now() + ms };
}

function plain(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}
