import { type Bytes, RejectedError } from '../core/index.ts';
import {
  ApplicationPolicyMessage,
  CombinedPrincipalMessage,
  ImplicitMetaPolicyMessage,
  MspRoleMessage,
  OrganizationUnitMessage,
  type PolicyMessage,
  type PrincipalMessage,
  SignaturePolicyEnvelopeMessage,
  SignaturePolicyMessage,
} from './config-messages.ts';
import type { ConfigGroup } from './config-group.ts';
import { readCreator } from './envelope.ts';
import { refuse } from './errors.ts';
import { decode, type Decoded } from './message.ts';
import { type Identity, type Role, ROLES } from './msp.ts';
import { visitFields } from './wire.ts';

/** `Policy.PolicyType` of common/policies.proto. */
const SIGNATURE = 1;
const IMPLICIT_META = 3;
/** `MSPPrincipal.Classification` of msp/msp_principal.proto. */
const CLASSIFICATIONS = ['role', 'unit', 'identity', 'anonymity', 'combined'] as const;

/** What a policy asks of somebody who has signed. */
export type Signer = Pick<Identity, 'mspId' | 'hasRole' | 'isOfUnit' | 'isCertificate'>;

/** Somebody whom a policy names. */
export type Principal =
  | { readonly kind: 'role'; readonly mspId: string; readonly role: Role }
  | { readonly kind: 'unit'; readonly mspId: string; readonly unit: string; readonly certifiers: Bytes }
  | { readonly kind: 'identity'; readonly mspId: string; readonly certificate: Bytes }
  | { readonly kind: 'combined'; readonly of: readonly Principal[] }
  | { readonly kind: 'nobody' };

/** So many of the parts must hold; a leaf is held by one identity. */
export type SignatureRule = { readonly principal: Principal } | NOutOf;
export interface NOutOf {
  readonly n: number;
  readonly of: readonly SignatureRule[];
}

/** Who must have signed: by a rule of its own, or by a policy of the channel's configuration. */
export type EndorsementPolicy = { readonly rule: SignatureRule } | { readonly reference: string };

/** Reads an `ApplicationPolicy`. @throws RejectedError `BAD_ENCODING`, `BAD_CONFIG` */
export function readEndorsementPolicy(bytes: Bytes): EndorsementPolicy {
  const { signaturePolicy, reference } = decode(ApplicationPolicyMessage, bytes, 'endorsement policy');
  if (reference !== '') return { reference };
  return { rule: readSignaturePolicy(signaturePolicy) };
}

/** Reads a `SignaturePolicyEnvelope`. @throws RejectedError `BAD_ENCODING`, `BAD_CONFIG` */
export function readSignaturePolicy(bytes: Bytes): SignatureRule {
  const { rule, identities } = decode(SignaturePolicyEnvelopeMessage, bytes, 'signature policy');
  const leaves = identities.map((principal) => ({ principal: readPrincipal(principal) }));
  return readRule(rule, leaves, 0);
}

/** One that is of an unknown kind, or asks for somebody unnamed, is nobody. */
function readPrincipal({ classification, principal }: Decoded<typeof PrincipalMessage>): Principal {
  switch (CLASSIFICATIONS[classification]) {
    case 'role': {
      const { mspId, role } = decode(MspRoleMessage, principal, 'principal');
      const name = ROLES[role];
      return name === undefined ? { kind: 'nobody' } : { kind: 'role', mspId, role: name };
    }
    case 'unit':
      return { kind: 'unit', ...decode(OrganizationUnitMessage, principal, 'principal') };
    case 'identity':
      return { kind: 'identity', ...readCreator(principal) };
    case 'combined':
      return { kind: 'combined', of: decode(CombinedPrincipalMessage, principal, 'principal').principals.map(readPrincipal) };
    default:
      return { kind: 'nobody' };
  }
}

function fits(signer: Signer, principal: Principal): boolean {
  switch (principal.kind) {
    case 'role':
      return signer.mspId === principal.mspId && signer.hasRole(principal.role);
    case 'unit':
      return signer.mspId === principal.mspId && signer.isOfUnit(principal.unit, principal.certifiers);
    case 'identity':
      return signer.mspId === principal.mspId && signer.isCertificate(principal.certificate);
    case 'combined':
      return principal.of.length > 0 && principal.of.every((part) => fits(signer, part));
    case 'nobody':
      return false;
  }
}

function readRule(bytes: Bytes, leaves: readonly SignatureRule[], depth: number): SignatureRule {
  if (depth > 32) refuse('BAD_CONFIG', 'A policy is nested too deep.');
  const { signedBy, nOutOf } = decode(SignaturePolicyMessage, bytes, 'signature policy');
  // Of the two alternatives the one counts that is written last.
  let last = 0;
  visitFields(bytes, ({ number, wire }) => {
    if ((number === 1 && wire === 0) || (number === 2 && wire === 2)) last = number;
  });
  if (last === 2 && nOutOf !== undefined) return { n: nOutOf.n, of: nOutOf.rules.map((rule) => readRule(rule, leaves, depth + 1)) };
  if (last !== 1) refuse('BAD_CONFIG', 'A policy has an empty rule.');
  return leaves[signedBy] ?? refuse('BAD_CONFIG', 'A policy names an identity that it does not list.');
}

/** As Fabric evaluates: each identity serves one leaf at most, the first that it fits. */
export function satisfiesRule(rule: SignatureRule, identities: readonly Signer[]): boolean {
  return holds(rule, identities, new Set());
}

function holds(rule: SignatureRule, identities: readonly Signer[], used: Set<Signer>): boolean {
  if ('principal' in rule) {
    const found = identities.find((identity) => !used.has(identity) && fits(identity, rule.principal));
    if (found !== undefined) used.add(found);
    return found !== undefined;
  }
  let verified = 0;
  for (const part of rule.of) {
    const tried = new Set(used);
    if (!holds(part, identities, tried)) continue;
    verified += 1;
    for (const identity of tried) used.add(identity);
  }
  return verified >= rule.n;
}

/**
 * Whether identities satisfy a policy of a group of the configuration. A policy that is not there, or of a kind that is not
 * known here, is satisfied by nobody.
 */
export function satisfiesPolicy(group: ConfigGroup, name: string, identities: readonly Signer[]): boolean {
  const policy = group.policies.get(name)?.policy;
  if (policy === undefined) return false;
  try {
    return satisfies(group, policy, identities);
  } catch (error) {
    if (error instanceof RejectedError) return false;
    throw error;
  }
}

function satisfies(group: ConfigGroup, { type, value }: Decoded<typeof PolicyMessage>, identities: readonly Signer[]): boolean {
  if (type === SIGNATURE) return satisfiesRule(readSignaturePolicy(value), identities);
  if (type !== IMPLICIT_META) return false;
  const { subPolicy, rule } = decode(ImplicitMetaPolicyMessage, value, 'policy');
  const groups = [...group.groups.values()];
  const needed = [Math.min(1, groups.length), groups.length, groups.length === 0 ? 0 : Math.floor(groups.length / 2) + 1][rule];
  if (needed === undefined) return false;
  return groups.filter((below) => satisfiesPolicy(below, subPolicy, identities)).length >= needed;
}
