import { type Bytes, concat } from '../core/index.ts';
import { type ChannelConfig, readConfigEnvelope } from './channel-config.ts';
import { type ConfigElement, type ConfigElements, elementsOf, isSameElement, ROOT } from './config-elements.ts';
import { groupAt, readConfigGroup } from './config-group.ts';
import { ConfigUpdateEnvelopeMessage, ConfigUpdateMessage } from './config-messages.ts';
import { CONFIG_UPDATE, readPayload, splitEnvelope } from './envelope.ts';
import { refuse } from './errors.ts';
import { decode, type Decoded } from './message.ts';
import { SignatureHeaderMessage } from './messages.ts';
import { distinct, type Identity } from './msp.ts';
import { satisfiesPolicy } from './policy.ts';

/**
 * Checks a change of the channel's configuration as a peer does: the new one is the old one with the update applied, and every
 * element that changes has the signatures that its own rule of change asks for, by the old configuration.
 * @param envelope a block's configuration transaction
 * @returns the new configuration
 * @throws RejectedError `BAD_BLOCK`, `BAD_CONFIG`, `BAD_ENCODING`
 */
export function updatedConfig(before: ChannelConfig, envelope: Bytes): ChannelConfig {
  const { config: after, lastUpdate } = readConfigEnvelope(envelope);
  if (after.channel !== before.channel) refuse('BAD_BLOCK', 'The configuration is for another channel.');
  if (after.sequence !== before.sequence + 1n) refuse('BAD_BLOCK', 'The configuration does not follow the one before.');
  const { header, data } = readPayload(splitEnvelope(lastUpdate).payload);
  if (header.type !== CONFIG_UPDATE) refuse('BAD_BLOCK', 'The configuration does not come from an update.');
  const update = decode(ConfigUpdateEnvelopeMessage, data, 'configuration update');
  const { channelId, readSet, writeSet } = decode(ConfigUpdateMessage, update.configUpdate, 'configuration update');
  if (channelId !== before.channel) refuse('BAD_BLOCK', 'The update is for another channel.');
  const old = elementsOf(before.root);
  const delta = changedBy(old, elementsOf(readConfigGroup(readSet)), elementsOf(readConfigGroup(writeSet)));
  requireAuthorized(before, old, delta, signersOf(before, update));
  requireResult(new Map([...old, ...delta]), elementsOf(after.root));
  requireSameIds(before.applications, after.applications);
  requireSameIds(before.orderers, after.orderers);
  return after;
}

/** An organisation's group may come and go, but not take another MSP id. */
function requireSameIds(before: ChannelConfig['applications'], after: ChannelConfig['applications']): void {
  const idsBefore = new Map([...before].map(([id, { name }]) => [name, id]));
  for (const [id, { name }] of after) {
    if (idsBefore.has(name) && idsBefore.get(name) !== id) refuse('BAD_BLOCK', `Organisation group "${name}" takes another MSP id.`);
  }
}

/** What the update writes; what it has read must be as it has read it. */
function changedBy(old: ConfigElements, read: ConfigElements, written: ConfigElements): ConfigElements {
  for (const [path, { version }] of read) {
    if (old.get(path)?.version !== version) refuse('BAD_BLOCK', 'The update rests on another configuration than the one before.');
  }
  const delta = new Map([...written].filter(([path, { version }]) => read.get(path)?.version !== version));
  if (delta.size === 0) refuse('BAD_BLOCK', 'The update changes nothing.');
  return delta;
}

function signersOf(config: ChannelConfig, { configUpdate, signatures }: Decoded<typeof ConfigUpdateEnvelopeMessage>): Identity[] {
  const signers = signatures.flatMap(({ signatureHeader, signature }) => {
    const identity = config.identify(decode(SignatureHeaderMessage, signatureHeader, 'signature header').creator);
    return identity?.certificate.verifies(concat(signatureHeader, configUpdate), signature) === true ? [identity] : [];
  });
  return distinct(signers);
}

function requireAuthorized(config: ChannelConfig, old: ConfigElements, delta: ConfigElements, signers: readonly Identity[]): void {
  for (const [path, { version }] of delta) {
    const name = path.split('\n').join('/');
    const existing = old.get(path);
    if (version !== (existing === undefined ? 0n : existing.version + 1n)) refuse('BAD_BLOCK', `The update skips a version of ${name}.`);
    // What is new is added to a group, which changes by that as well.
    if (existing !== undefined && !isAllowed(config, existing, signers)) refuse('BAD_BLOCK', `Too few have signed the change of ${name}.`);
  }
}

function isAllowed(config: ChannelConfig, { modPolicy, groups }: ConfigElement, signers: readonly Identity[]): boolean {
  if (modPolicy.startsWith('/')) return config.satisfies(modPolicy, signers);
  const path = [...groups, ...modPolicy.split('/')];
  const group = groupAt(config.root, ...path.slice(0, -1));
  return group !== undefined && satisfiesPolicy(group, path.at(-1)!, signers);
}

/** The new configuration has exactly the elements that are reached from the root after the change. */
function requireResult(result: ConfigElements, after: ConfigElements): void {
  const reached = new Set<string>();
  const reach = (path: string): void => {
    const expected = result.get(path);
    const found = after.get(path);
    if (expected === undefined || found === undefined || !isSameElement(expected, found))
      refuse('BAD_BLOCK', `The new configuration is not what the update makes of the one before, at ${path.split('\n').join('/')}.`);
    reached.add(path);
    expected.members.forEach(reach);
  };
  reach(ROOT);
  if (reached.size !== after.size) refuse('BAD_BLOCK', 'The new configuration has more than the update makes of the one before.');
}
