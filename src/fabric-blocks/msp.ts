import { type Bytes, equalBytes, RejectedError, sha256, toHex } from '../core/index.ts';
import { type Certificate, certificateOf } from './certificate.ts';
import { FabricMspConfigMessage, MspConfigMessage } from './config-messages.ts';
import { readCreator } from './envelope.ts';
import { decode, type Decoded } from './message.ts';
import { isRevoked, readRevocationList, type RevocationList } from './revocation-list.ts';

/** `MSPRole.MSPRoleType` of msp/msp_principal.proto. */
export const ROLES = ['member', 'admin', 'client', 'peer', 'orderer'] as const;
export type Role = (typeof ROLES)[number];

/** Somebody whose certificate its membership service provider vouches for. */
export interface Identity {
  readonly mspId: string;
  readonly certificate: Certificate;
  hasRole(role: Role): boolean;
  /** @param certifiers SHA-256 over the certificates of the authorities above, up to the root */
  isOfUnit(unit: string, certifiers: Bytes): boolean;
  /** @param pem in whichever form */
  isCertificate(pem: Bytes): boolean;
}

type NodeOus = NonNullable<Decoded<typeof FabricMspConfigMessage>['nodeOus']>;
const NODE_ROLES = ['client', 'peer', 'admin', 'orderer'] as const;
/** Type of a provider by X.509 certificates. */
const X509 = 0;
/** As in Go: so many signatures are tried for one certificate, whatever the authorities are. */
const MOST_SIGNATURES = 100;

interface Search {
  /** The instant at which authorities have to be valid. */
  readonly atMs: number;
  /** Signatures that may still be tried. */
  left: number;
}

/**
 * A membership service provider as the channel's configuration defines it: whose certificates count as an organisation's.
 * As on a peer, nothing but the issuer's certificate is judged by a clock: an identity counts also after it has expired, and a
 * revocation list counts from the block on that configures it.
 */
export class Msp {
  readonly id: string;
  /** DER certificates, and those for TLS. */
  readonly roots: readonly Certificate[];
  readonly tlsRoots: readonly Bytes[];
  readonly #intermediates: readonly Certificate[];
  readonly #admins: readonly Certificate[];
  readonly #revoked: readonly RevocationList[];
  readonly #nodeOus: NodeOus | undefined;
  readonly #units: readonly string[];
  readonly #isKnown: boolean;
  readonly #known = new Map<string, Identity | undefined>();

  /** @param bytes an `MSPConfig` @throws RejectedError `BAD_CONFIG`, `BAD_ENCODING` */
  constructor(bytes: Bytes) {
    const { type, config } = decode(MspConfigMessage, bytes, 'MSP configuration');
    this.#isKnown = type === X509;
    const fields = decode(FabricMspConfigMessage, config, 'MSP configuration');
    this.id = fields.name;
    this.roots = readable(fields.rootCerts, certificateOf);
    this.tlsRoots = fields.tlsRootCerts;
    this.#intermediates = readable(fields.intermediateCerts, certificateOf);
    this.#admins = readable(fields.admins, certificateOf);
    this.#revoked = readable(fields.revocationList, readRevocationList);
    this.#nodeOus = fields.nodeOus?.enable === true ? fields.nodeOus : undefined;
    this.#units = fields.units.map(({ unit }) => unit);
  }

  /** Whether roles are told by organisational units. Without them, every member has every role but `admin`. */
  get tellsRoles(): boolean {
    return this.#nodeOus !== undefined;
  }

  /** @returns `undefined` where the certificate is not this organisation's */
  identify(pem: Bytes): Identity | undefined {
    const name = toHex(pem);
    if (this.#known.has(name)) return this.#known.get(name);
    const identity = this.#identify(pem);
    this.#known.set(name, identity);
    return identity;
  }

  #identify(pem: Bytes): Identity | undefined {
    let certificate: Certificate;
    try {
      certificate = certificateOf(pem);
    } catch (error) {
      if (error instanceof RejectedError) return undefined;
      throw error;
    }
    const chain = this.#chainOf(certificate);
    const issuer = chain?.[0];
    if (chain === undefined || issuer === undefined || isRevoked(this.#revoked, certificate, issuer)) return undefined;
    const role = this.#roleOf(certificate, issuer);
    if (role === undefined) return undefined;
    const certifiers = sha256(...chain.map(({ raw }) => raw));
    return {
      mspId: this.id,
      certificate,
      hasRole: (asked) => this.#has(certificate, role, asked),
      isOfUnit: (unit, asked) => certificate.units.includes(unit) && equalBytes(certifiers, asked),
      isCertificate: (other) => readable([other], certificateOf).some(({ raw }) => equalBytes(raw, certificate.raw)),
    };
  }

  /** The one way from the certificate up to a root, without itself; who issued it must not stand above another authority. */
  #chainOf(certificate: Certificate): readonly Certificate[] | undefined {
    if (certificate.isCa || !certificate.hasServerPurpose || !this.#isKnown) return undefined;
    const [chain, other] = this.#chains(certificate, { atMs: certificate.judgedAtMs, left: MOST_SIGNATURES }, []);
    const issuer = chain?.[0];
    if (issuer === undefined || other !== undefined) return undefined;
    return this.#intermediates.some((authority) => issuer.hasIssued(authority)) ? undefined : chain;
  }

  /** All ways from a certificate up to a root, without the certificate itself; none with an authority twice. */
  #chains(certificate: Certificate, search: Search, below: readonly Certificate[]): Certificate[][] {
    if (!certificate.isValidAt(search.atMs)) return [];
    const mayStandAbove = (authority: Certificate) => {
      if (below.includes(authority) || authority === certificate || authority.pathLength < below.length) return false;
      if (!authority.isValidAt(search.atMs) || !authority.hasServerPurpose || search.left <= 0) return false;
      search.left -= authority.isNamedBy(certificate) ? 1 : 0;
      return authority.hasIssued(certificate);
    };
    const ended = this.roots.filter(mayStandAbove).map((root) => [root]);
    const longer = this.#intermediates
      .filter(mayStandAbove)
      .flatMap((authority) => this.#chains(authority, search, [...below, certificate]).map((chain) => [authority, ...chain]));
    return [...ended, ...longer];
  }

  /** Exactly one of the units that tell a role, where units tell roles. */
  #roleOf(certificate: Certificate, issuer: Certificate): Role | undefined {
    if (this.#units.length > 0 && !certificate.units.some((unit) => this.#units.includes(unit))) return undefined;
    if (this.#nodeOus === undefined) return 'member';
    const found = certificate.units.flatMap((unit) => NODE_ROLES.filter((role) => this.#nodeOus?.[role]?.unit === unit));
    const [role] = found;
    if (role === undefined || found.length > 1) return undefined;
    const certifier = this.#nodeOus[role]?.certificate ?? new Uint8Array(0);
    const isCertifier = certifier.length === 0 || readable([certifier], certificateOf).some(({ raw }) => equalBytes(raw, issuer.raw));
    return isCertifier ? role : undefined;
  }

  #has(certificate: Certificate, role: Role, asked: Role): boolean {
    if (asked === 'member' || asked === role) return true;
    return asked === 'admin' && this.#admins.some(({ raw }) => equalBytes(raw, certificate.raw));
  }
}

/** What can't be read vouches for nobody: one organisation's own choice must not make the chain of all unverifiable. */
function readable<T>(entries: readonly Bytes[], read: (bytes: Bytes) => T): T[] {
  return entries.flatMap((bytes) => {
    try {
      return [read(bytes)];
    } catch (error) {
      if (error instanceof RejectedError) return [];
      throw error;
    }
  });
}

/** Each certificate once, in whichever form of PEM it is shown. */
export function distinct(identities: readonly Identity[]): Identity[] {
  const seen = new Map(identities.map((identity) => [`${identity.mspId} ${toHex(identity.certificate.raw)}`, identity]));
  return [...seen.values()];
}

/** The identity that serialized bytes name, if a provider among `msps` vouches for it. */
export function identify(msps: ReadonlyMap<string, Msp>, serialized: Bytes): Identity | undefined {
  try {
    const { mspId, certificate } = readCreator(serialized);
    return msps.get(mspId)?.identify(certificate);
  } catch (error) {
    if (error instanceof RejectedError) return undefined;
    throw error;
  }
}
