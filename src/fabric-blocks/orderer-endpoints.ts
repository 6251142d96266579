import { type Bytes, fromUtf8 } from '../core/index.ts';
import { readBlock } from './block.ts';
import { readConfigEnvelope } from './channel-config.ts';
import { type ConfigGroup, groupAt } from './config-group.ts';
import { decode, repeatedText } from './message.ts';

/** `OrdererAddresses` of common/configuration.proto */
const AddressesMessage = { addresses: repeatedText(1) };

export interface OrdererEndpoint {
  /** `host:port` */
  readonly address: string;
  /** TLS roots of those who may run it, PEM. */
  readonly tlsRoots: string;
}

/**
 * Where the orderers of a channel are: each ordering organisation's own endpoints, and the channel's common ones, which are
 * of any of them.
 * @param configBlock a `common.Block`
 * @throws RejectedError `BAD_ENCODING`, `BAD_CONFIG`, `BAD_BLOCK`
 */
export function ordererEndpoints(configBlock: Bytes): OrdererEndpoint[] {
  const { config } = readConfigEnvelope(readBlock(configBlock).data[0]!);
  const organisations = [...config.orderers.values()].map(({ name, msp }) => ({
    addresses: addressesOf(groupAt(config.root, 'Orderer', name), 'Endpoints'),
    tlsRoots: msp.tlsRoots.map(fromUtf8).join('\n'),
  }));
  const all = organisations.map(({ tlsRoots }) => tlsRoots).join('\n');
  const common = { addresses: addressesOf(config.root, 'OrdererAddresses'), tlsRoots: all };
  const found = new Map<string, OrdererEndpoint>();
  for (const { addresses, tlsRoots } of [...organisations, common]) {
    for (const address of addresses) if (!found.has(address)) found.set(address, { address, tlsRoots });
  }
  return [...found.values()];
}

function addressesOf(group: ConfigGroup | undefined, name: string): readonly string[] {
  return decode(AddressesMessage, group?.values.get(name)?.value ?? new Uint8Array(0), 'orderer addresses').addresses;
}
