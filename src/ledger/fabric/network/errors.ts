import { RejectedError, UnavailableError } from '../../../core/index.ts';

export type FabricNetworkErrorCode =
  /** No Go, or one too old, to build Fabric's commands with. */
  | 'GO_MISSING'
  /** Fabric's commands could not be built. */
  | 'BUILD_FAILED'
  /** Names or ports that no network can be made of. */
  | 'BAD_SETTINGS'
  /** The folder holds a network of other settings. */
  | 'SETTINGS_DIFFER'
  /** The folder holds something else. */
  | 'NOT_A_NETWORK'
  /** The folder holds no network. */
  | 'NO_NETWORK'
  /** Another process changes the network now. */
  | 'NETWORK_BUSY'
  /** Somebody else listens on a port of the network. */
  | 'PORT_TAKEN'
  /** The machine has no IPv4 address but loopback, which Fabric's peer demands. */
  | 'NO_ADDRESS'
  /** A part of the network ended, or did not answer in time. */
  | 'PART_FAILED'
  /** One of Fabric's commands failed. */
  | 'COMMAND_FAILED';

export function rejected(code: FabricNetworkErrorCode, message: string, cause?: unknown): RejectedError<FabricNetworkErrorCode> {
  return new RejectedError<FabricNetworkErrorCode>(code, message, { cause });
}

export function unavailable(code: FabricNetworkErrorCode, message: string, cause?: unknown): UnavailableError<FabricNetworkErrorCode> {
  return new UnavailableError<FabricNetworkErrorCode>(code, message, { cause });
}
