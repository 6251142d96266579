import { type Bytes, equalBytes } from '../core/index.ts';
import { type ConfigGroup, groupAt, readConfigGroup } from './config-group.ts';
import { BlockDataHashingStructureMessage, ConfigEnvelopeMessage, HashingAlgorithmMessage } from './config-messages.ts';
import { CONFIG, readPayload, splitEnvelope } from './envelope.ts';
import { refuse } from './errors.ts';
import { decode } from './message.ts';
import { type Identity, identify, Msp } from './msp.ts';
import { satisfiesPolicy, type Signer } from './policy.ts';

/** A channel's configuration: who belongs to which organisation, and which policies hold. */
export class ChannelConfig {
  readonly channel: string;
  readonly sequence: bigint;
  readonly root: ConfigGroup;
  /** Application organisations by MSP id; the name is that of their group. */
  readonly applications: ReadonlyMap<string, { readonly name: string; readonly msp: Msp }>;
  readonly orderers: ReadonlyMap<string, { readonly name: string; readonly msp: Msp }>;
  readonly #msps: ReadonlyMap<string, Msp>;

  /** @throws RejectedError `BAD_CONFIG`, `BAD_ENCODING` */
  constructor(channel: string, sequence: bigint, group: Bytes) {
    this.channel = channel;
    this.sequence = sequence;
    this.root = readConfigGroup(group);
    this.applications = organisationsOf(groupAt(this.root, 'Application'));
    this.orderers = organisationsOf(groupAt(this.root, 'Orderer'));
    if (this.applications.size === 0 || this.orderers.size === 0)
      refuse('BAD_CONFIG', 'The channel has no application organisation, or no orderer organisation.');
    this.#msps = new Map([...this.orderers, ...this.applications].map(([id, { msp }]) => [id, msp]));
    requireKnownHashing(this.root);
  }

  /** Somebody for whom an organisation of the channel vouches. */
  identify(serialized: Bytes): Identity | undefined {
    return identify(this.#msps, serialized);
  }

  /** Whether an organisation's provider is the same to the byte in another configuration. */
  hasSameMsp(mspId: string, other: ChannelConfig): boolean {
    return equalBytes(this.#mspBytes(mspId), other.#mspBytes(mspId));
  }

  #mspBytes(mspId: string): Bytes {
    const name = this.applications.get(mspId)?.name;
    const group = name === undefined ? undefined : groupAt(this.root, 'Application', name);
    return group?.values.get('MSP')?.value ?? new Uint8Array(0);
  }

  /** @param path such as `/Channel/Application/Endorsement` */
  satisfies(path: string, identities: readonly Signer[]): boolean {
    const [first, channel, ...rest] = path.split('/');
    const name = rest.pop();
    if (first !== '' || channel !== 'Channel' || name === undefined) return false;
    const group = groupAt(this.root, ...rest);
    return group !== undefined && satisfiesPolicy(group, name, identities);
  }

  hasPolicy(group: readonly string[], name: string): boolean {
    return groupAt(this.root, ...group)?.policies.has(name) === true;
  }
}

/** The configuration that block 0 or a later configuration block holds. @throws RejectedError `BAD_CONFIG`, `BAD_ENCODING` */
export function readConfigEnvelope(envelope: Bytes): { readonly config: ChannelConfig; readonly lastUpdate: Bytes } {
  const { header, data } = readPayload(splitEnvelope(envelope).payload);
  if (header.type !== CONFIG) refuse('BAD_CONFIG', `The block holds a transaction of type ${header.type}, not a configuration.`);
  const { config, lastUpdate } = decode(ConfigEnvelopeMessage, data, 'configuration');
  if (config === undefined) refuse('BAD_CONFIG', 'The configuration is empty.');
  return { config: new ChannelConfig(header.channel, config.sequence, config.channelGroup), lastUpdate };
}

function organisationsOf(group: ConfigGroup | undefined): Map<string, { name: string; msp: Msp }> {
  const found = new Map<string, { name: string; msp: Msp }>();
  for (const [name, organisation] of group?.groups ?? []) {
    const value = organisation.values.get('MSP')?.value ?? refuse('BAD_CONFIG', `Organisation group "${name}" has no MSP.`);
    const msp = new Msp(value);
    if (found.has(msp.id)) refuse('BAD_CONFIG', `Two organisation groups have the MSP id "${msp.id}".`);
    found.set(msp.id, { name, msp });
  }
  return found;
}

/** Block hashes here are SHA-256 over all data at once, which is all that Fabric has. */
function requireKnownHashing({ values }: ConfigGroup): void {
  const algorithm = decode(HashingAlgorithmMessage, values.get('HashingAlgorithm')?.value ?? new Uint8Array(0), 'hashing algorithm');
  const structure = values.get('BlockDataHashingStructure')?.value ?? new Uint8Array(0);
  const { width } = decode(BlockDataHashingStructureMessage, structure, 'hashing structure');
  if (algorithm.name !== 'SHA256' || width !== 0xffffffffn) refuse('BAD_CONFIG', 'The channel hashes its blocks in an unknown way.');
}
