import { type Bytes, concat } from '../core/index.ts';
import type { ChannelConfig } from './channel-config.ts';
import { ChaincodeValidationInfoMessage, StateDataMessage, StateMetadataMessage } from './config-messages.ts';
import { decode } from './message.ts';
import { distinct, type Identity } from './msp.ts';
import { readEndorsementPolicy, satisfiesRule } from './policy.ts';
import { type Access, isWriting } from './rw-set.ts';
import type { EndorserTransaction } from './transaction.ts';
import { attempt } from './transaction-form.ts';
import * as codes from './validation-codes.ts';
import type { WorldState } from './world-state.ts';

export const LIFECYCLE = '_lifecycle';
const IMPLICIT_COLLECTION = '_implicit_org_';

/**
 * The identities whose endorsement of a transaction verifies, each once. As in Fabric, an endorsement that does not verify
 * does not count, and does no harm.
 */
export function endorsersOf({ responsePayload, endorsements }: EndorserTransaction, config: ChannelConfig): Identity[] {
  const signers = endorsements.flatMap(({ endorser, signature }) => {
    const identity = config.identify(endorser);
    return identity?.certificate.verifies(concat(responsePayload, endorser), signature) === true ? [identity] : [];
  });
  return distinct(signers);
}

export interface EndorsedTransaction {
  readonly transaction: EndorserTransaction;
  /** See {@link endorsersOf}. */
  readonly endorsers: readonly Identity[];
  readonly accesses: readonly Access[];
}

/**
 * Whether a transaction is endorsed as the definition of each chaincode asks that it writes to, by the definitions that stood
 * before its block.
 * @returns Fabric's validation code
 */
export function endorsementCode(
  { transaction, endorsers, accesses }: EndorsedTransaction,
  config: ChannelConfig,
  state: WorldState,
): number {
  const written = new Set([transaction.chaincode, ...accesses.filter(isWriting).map(({ namespace }) => namespace)]);
  let worst: number = codes.VALID;
  for (const namespace of written) {
    const policy = policyOf(namespace, config, state);
    if (policy === undefined) return codes.INVALID_CHAINCODE;
    const within = accesses.filter((access) => access.namespace === namespace);
    if (!isEndorsed(within, policy, config, endorsers)) worst = codes.ENDORSEMENT_POLICY_FAILURE;
  }
  return worst;
}

type Policy = (endorsers: readonly Identity[]) => boolean;

/** A private collection of an organisation's own follows that organisation's policy, everything else the chaincode's. */
function isEndorsed(accesses: readonly Access[], policy: Policy, config: ChannelConfig, endorsers: readonly Identity[]): boolean {
  const written = accesses.filter(isWriting);
  if (written.length === 0) return policy(endorsers);
  return written.every(({ collection }) => {
    if (!collection.startsWith(IMPLICIT_COLLECTION)) return policy(endorsers);
    return isEndorsedByOrganisation(config, collection.slice(IMPLICIT_COLLECTION.length), endorsers);
  });
}

function isEndorsedByOrganisation(config: ChannelConfig, mspId: string, endorsers: readonly Identity[]): boolean {
  const name = config.applications.get(mspId)?.name;
  if (name === undefined) return false;
  if (config.hasPolicy(['Application', name], 'Endorsement'))
    return config.satisfies(`/Channel/Application/${name}/Endorsement`, endorsers);
  return endorsers.some((endorser) => endorser.mspId === mspId);
}

/** `undefined` where the chaincode is not defined, or in a way that is not known here. */
function policyOf(namespace: string, config: ChannelConfig, state: WorldState): Policy | undefined {
  if (namespace === LIFECYCLE) return (endorsers) => satisfiesLifecycle(config, endorsers);
  return attempt(() => {
    const metadata = state.value(LIFECYCLE, `namespaces/metadata/${namespace}`);
    const field = state.value(LIFECYCLE, `namespaces/fields/${namespace}/ValidationInfo`);
    if (metadata === undefined || field === undefined) return undefined;
    if (decode(StateMetadataMessage, metadata, 'definition').datatype !== 'ChaincodeDefinition') return undefined;
    const { plugin, parameter } = decode(ChaincodeValidationInfoMessage, decode(StateDataMessage, field, 'definition').bytes, 'definition');
    return plugin === 'vscc' && parameter.length > 0 ? policyIn(parameter, config) : undefined;
  });
}

function policyIn(parameter: Bytes, config: ChannelConfig): Policy {
  const policy = attempt(() => readEndorsementPolicy(parameter));
  if (policy === undefined) return () => false;
  if ('reference' in policy) return (endorsers) => config.satisfies(policy.reference, endorsers);
  return (endorsers) => satisfiesRule(policy.rule, endorsers);
}

function satisfiesLifecycle(config: ChannelConfig, endorsers: readonly Identity[]): boolean {
  if (config.hasPolicy(['Application'], 'LifecycleEndorsement'))
    return config.satisfies('/Channel/Application/LifecycleEndorsement', endorsers);
  const members = new Set(endorsers.map(({ mspId }) => mspId).filter((mspId) => config.applications.has(mspId)));
  return members.size > Math.floor(config.applications.size / 2);
}
