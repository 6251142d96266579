import { hasCode } from '../core/index.ts';
import { type LinkOptions, type LinkState, type UserCredentials, WHY_REFUSED } from '../client/index.ts';
import {
  type ApplicationIdentity,
  type CertificateFacts,
  RateLimit,
  type RefusedBecause,
  TrustList,
  type UserEntry,
} from '../server/index.ts';
import { type LoginConfig, type OwnerConfig, readText, type UserConfig } from './config.ts';
import type { ModuleListener } from './events.ts';
import { type ApplicationName, pkiFolder } from './plant-identities.ts';

/** Strangers, and refused certificates, that an operator is told of in an hour; a flood of them must neither fill the log nor silence it for good. */
const MOST_TOLD = 100;
const TOLD_WITHIN_MS = 3_600_000;
/** Those that are remembered, so that each is told once. */
const MOST_REMEMBERED = 10 * MOST_TOLD;

/** Users of a server, as its configuration lists them. */
export function userEntries(users: readonly UserConfig[]): UserEntry[] {
  return users.map(({ role, thumbprint, name, passwordHash }) =>
    thumbprint === undefined
      ? { name: name ?? '', roles: [role], ...(passwordHash === undefined ? {} : { password: passwordHash }) }
      : { name: `certificate ${thumbprint.slice(0, 16)}`, roles: [role], certificate: thumbprint },
  );
}

/** How one of our applications reaches a server: with its own certificate, which is also its user unless a login is given. */
export function linkOptions(
  endpointUrl: string,
  identity: ApplicationIdentity | (() => ApplicationIdentity),
  trust: TrustList,
  login: LoginConfig | undefined,
): LinkOptions {
  const now = typeof identity === 'function' ? identity : () => identity;
  return { endpointUrl, identity, trust, user: () => credentials(now(), login) };
}

/** Where certificates stand, and whether their authorities need revocation lists. */
export interface TrustPlace {
  readonly pki: string;
  readonly crl?: OwnerConfig['crl'];
}

/**
 * The trust list of one of our applications; the operator is told of each stranger that knocks, once, and of each certificate
 * that is trusted and refused all the same, once an hour, unless there are very many.
 */
export function trustListOf(place: string | TrustPlace, application: ApplicationName, listener?: ModuleListener): TrustList {
  const { pki, crl: revocation } = typeof place === 'string' ? { pki: place } : place;
  const [strangers, refusals] = [new Tellings(Infinity), new Tellings(TOLD_WITHIN_MS)];
  const onStranger = (facts: CertificateFacts): void => {
    if (listener === undefined || !strangers.take(facts.thumbprint)) return;
    listener({ event: 'stranger', application, name: nameOf(facts), thumbprint: facts.thumbprint });
  };
  const onRefused = (facts: CertificateFacts, because: RefusedBecause): void => {
    if (listener === undefined || !refusals.take(`${because} ${facts.thumbprint}`)) return;
    const which = `${nameOf(facts)} (${facts.thumbprint.slice(0, 16)})`;
    const message = `The certificate of ${which} is vouched for, but "${application}" refused it: ${WHY_REFUSED[because]}`;
    const certificate = { application, thumbprint: facts.thumbprint, because };
    listener({ event: 'warning', code: 'CERTIFICATE_REFUSED', message, certificate });
  };
  const onFault = (message: string): void => listener?.({ event: 'warning', code: 'TRUST_FILE_UNFIT', message });
  return new TrustList(pkiFolder(pki, application), { onStranger, onRefused, onFault, revocation });
}

function nameOf({ applicationUri, commonName }: CertificateFacts): string {
  return applicationUri === '' ? commonName : applicationUri;
}

/** What an operator is told of once, or again after some time; a bounded number of it in an hour. */
class Tellings {
  readonly #againAfterMs: number;
  readonly #toldMs = new Map<string, number>();
  readonly #limit = new RateLimit(MOST_TOLD, TOLD_WITHIN_MS);

  constructor(againAfterMs: number) {
    this.#againAfterMs = againAfterMs;
  }

  /** True where it is to be told now. */
  take(what: string): boolean {
    const told = this.#toldMs.get(what);
    // A clock that was set back must not silence it.
    const isToldNow = told !== undefined && Date.now() >= told && Date.now() - told < this.#againAfterMs;
    if (isToldNow || !this.#limit.take()) return false;
    this.#toldMs.delete(what);
    const [oldest] = this.#toldMs.keys();
    if (this.#toldMs.size >= MOST_REMEMBERED && oldest !== undefined) this.#toldMs.delete(oldest);
    this.#toldMs.set(what, Date.now());
    return true;
  }
}

/**
 * Tells the operator of a link's changes. What it waits for is told when it begins or changes, not at every try: an outage
 * of a day has thousands of them.
 */
export function linkTeller(peer: string, listener: ModuleListener): (state: LinkState) => void {
  let told = '';
  return (state) => {
    const message = linkMessage(peer, state);
    if (message === told) return;
    told = message;
    listener({ event: 'link', state: state.state, message });
  };
}

function linkMessage(peer: string, state: LinkState): string {
  if (state.state === 'connected') return `connected to ${peer}${state.resumed ? ', same session' : ''}`;
  if (state.state === 'disconnected') return `connection to ${peer} lost`;
  if (hasCode(state.error, 'NO_COMMON_VERSION')) return state.error.message;
  return `${peer} is not there, and is tried again until it is: ${state.error.message}`;
}

function credentials({ certificate, privateKeyPem }: ApplicationIdentity, login: LoginConfig | undefined): UserCredentials {
  if (login === undefined) return { kind: 'certificate', certificate, privateKeyPem };
  return { kind: 'password', userName: login.name, password: readText(login.passwordFile).trim() };
}
