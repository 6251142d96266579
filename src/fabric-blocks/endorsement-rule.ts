import { type Bytes } from '../core/index.ts';
import { readBlock } from './block.ts';
import { type ChannelConfig, readConfigEnvelope } from './channel-config.ts';
import type { Role } from './msp.ts';
import { type Principal, readEndorsementPolicy, satisfiesRule, type SignatureRule, type Signer } from './policy.ts';

/** An endorsement policy, as far as it is about organisations. */
export interface EndorsementRule {
  /** MSP ids of all that can contribute. */
  readonly organisations: readonly string[];
  /** In words: `2 of owner, manufacturer`. */
  readonly text: string;
  /** Whether endorsements by peers of exactly these organisations are enough. */
  isSatisfiedBy(organisations: ReadonlySet<string>): boolean;
}

/**
 * @param policy an `ApplicationPolicy`, as a chaincode's definition holds it
 * @param configBlock the channel's newest configuration block, to which the policy may refer
 * @throws RejectedError `BAD_ENCODING`, `BAD_CONFIG`, `BAD_BLOCK`
 */
export function endorsementRule(policy: Bytes, configBlock: Bytes): EndorsementRule {
  const { config } = readConfigEnvelope(readBlock(configBlock).data[0]!);
  const read = readEndorsementPolicy(policy);
  if ('rule' in read) {
    const { rule } = read;
    return {
      organisations: [...new Set(organisationsIn(rule))],
      text: inWords(rule),
      isSatisfiedBy: (organisations) => satisfiesRule(rule, everybodyOf(organisations, organisationsIn(rule).length)),
    };
  }
  return {
    organisations: [...config.applications.keys()],
    text: read.reference,
    isSatisfiedBy: (organisations) => config.satisfies(read.reference, everybodyOf(organisations, config.applications.size)),
  };
}

/** What a channel's block 0 says of who belongs to it. */
export interface ChannelMembers {
  readonly channel: string;
  /** By MSP id: root certificates, DER, and those for TLS, PEM. */
  readonly members: ReadonlyMap<string, { readonly roots: readonly Bytes[]; readonly tlsRoots: readonly Bytes[] }>;
}

/**
 * The application organisations of a configuration block.
 * @param configBlock a `common.Block`
 * @throws RejectedError `BAD_ENCODING`, `BAD_CONFIG`, `BAD_BLOCK`
 */
export function channelMembers(configBlock: Bytes): ChannelMembers {
  const { config }: { config: ChannelConfig } = readConfigEnvelope(readBlock(configBlock).data[0]!);
  const members = [...config.applications].map(([id, { msp }]): [string, { roots: readonly Bytes[]; tlsRoots: readonly Bytes[] }] => [
    id,
    { roots: msp.roots.map(({ raw }) => raw), tlsRoots: msp.tlsRoots },
  ]);
  return { channel: config.channel, members: new Map(members) };
}

/** As many peers of each organisation as any rule can ask for. */
function everybodyOf(organisations: ReadonlySet<string>, each: number): Signer[] {
  const peerOf = (mspId: string) => ({
    mspId,
    hasRole: (role: Role): boolean => role === 'peer' || role === 'member',
    isOfUnit: () => false,
    isCertificate: () => false,
  });
  return [...organisations].flatMap((mspId) => Array.from({ length: each }, () => peerOf(mspId)));
}

function organisationsIn(rule: SignatureRule): string[] {
  return 'principal' in rule ? organisationsOf(rule.principal) : rule.of.flatMap(organisationsIn);
}

function organisationsOf(principal: Principal): string[] {
  if (principal.kind === 'combined') return principal.of.flatMap(organisationsOf);
  return principal.kind === 'nobody' ? [] : [principal.mspId];
}

function inWords(rule: SignatureRule): string {
  if ('principal' in rule) return organisationsOf(rule.principal).join(' and ') || 'nobody';
  return `${rule.n} of ${rule.of.map((part) => ('principal' in part ? inWords(part) : `(${inWords(part)})`)).join(', ')}`;
}
