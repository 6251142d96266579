import { type NodeId, type UserIdentityToken, UserNameIdentityToken, X509IdentityToken } from 'node-opcua';
import { RejectedError } from '../../core/index.ts';
import { NOBODY } from './authorities.ts';
import { leafOf, thumbprintOf } from './certificate-facts.ts';
import type { TrustSource } from './certificate-judgement.ts';
import { PinnedCertificateStore } from './certificate-store.ts';
import type { IdentityErrorCode } from './errors.ts';
import { type Role, type RoleIds, ROLES } from './roles.ts';
import { lineOf } from './trust-list.ts';

/** One user as configured. Exactly one of `certificate` and `password` stands there. */
export interface UserEntry {
  /** Shown in logs and audit; for a password user also the user name. Unique. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** SHA-256 thumbprint of the user's certificate, hex. Never its common name: anybody can choose that. */
  readonly certificate?: string;
  /** Argon2id PHC string, or true where another process holds it. */
  readonly password?: string | true;
}

/** Who a session's identity token stands for. */
export interface KnownUser {
  readonly name: string;
  readonly roles: readonly Role[];
}

/** The configured users, found by certificate thumbprint or by user name. Holds no passwords: see `PasswordCheck`. */
export class Users {
  readonly #byThumbprint = new Map<string, KnownUser>();
  readonly #byName = new Map<string, KnownUser>();
  readonly #trust: Pick<TrustSource, 'authorities' | 'renews'>;

  /**
   * @param trust which certificate takes the place of which, and whose revocation lists count for users, too
   * @throws RejectedError `BAD_USER`
   */
  constructor(entries: readonly UserEntry[], trust: Pick<TrustSource, 'authorities' | 'renews'> = {}) {
    this.#trust = trust;
    const names = new Set<string>();
    for (const entry of entries) {
      if (names.has(entry.name)) throw badUser(entry.name, 'stands twice');
      names.add(entry.name);
      this.#add(entry);
    }
  }

  #add({ name, roles, certificate, password }: UserEntry): void {
    if (name === '' || name.toLowerCase() === 'anonymous') throw badUser(name, 'has a name that cannot be used');
    if (roles.length === 0 || roles.some((role) => !ROLES.includes(role))) throw badUser(name, `needs roles out of ${ROLES.join(', ')}`);
    if ((certificate === undefined) === (password === undefined))
      throw badUser(name, 'needs either a certificate thumbprint or a password hash');
    const user = { name, roles: [...roles] };
    if (certificate === undefined) {
      this.#byName.set(name, user);
      return;
    }
    const thumbprint = certificate.toLowerCase().replaceAll(':', '');
    if (!/^[0-9a-f]{64}$/.test(thumbprint)) throw badUser(name, 'needs a SHA-256 thumbprint of 64 hex digits');
    if (this.#byThumbprint.has(thumbprint)) throw badUser(name, 'has the certificate of another user');
    this.#byThumbprint.set(thumbprint, user);
  }

  /** The user of an authenticated session's token, or undefined: anonymous, or nobody we know. */
  of(token: UserIdentityToken | undefined): KnownUser | undefined {
    if (token instanceof X509IdentityToken) return this.#byCertificate(thumbprintOf(leafOf(token.certificateData)));
    if (token instanceof UserNameIdentityToken) return this.#byName.get(token.userName ?? '');
    return undefined;
  }

  hasPasswordUser(name: string): boolean {
    return this.#byName.has(name);
  }

  /** For a server's `userCertificateManager`: trusts exactly the users' certificates. */
  certificateStore(): PinnedCertificateStore {
    const trust = this.#trust;
    return new PinnedCertificateStore({
      isTrusted: (thumbprint) => this.#byCertificate(thumbprint) !== undefined,
      authorities: () => trust.authorities?.() ?? NOBODY,
      mustBeListed: true,
    });
  }

  #byCertificate(thumbprint: string): KnownUser | undefined {
    const line = lineOf(thumbprint, (of) => this.#trust.renews?.(of));
    return line.map((each) => this.#byThumbprint.get(each)).find((user) => user !== undefined);
  }
}

/** The configured password hashes, by user name. */
export function passwordHashes(entries: readonly UserEntry[]): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const { name, password } of entries) if (typeof password === 'string') hashes.set(name, password);
  return hashes;
}

/** For a server's `roleResolvers` (OPC UA Part 18, clause 4.4). */
export function roleResolver(users: Users, ids: RoleIds): { resolveRoles(token: UserIdentityToken): NodeId[] } {
  return { resolveRoles: (token) => (users.of(token)?.roles ?? []).map((role) => ids[role]) };
}

function badUser(name: string, what: string): RejectedError<IdentityErrorCode> {
  return new RejectedError('BAD_USER', `User ${JSON.stringify(name)} ${what}.`);
}
