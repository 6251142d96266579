import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, RejectedError } from '../core/index.ts';
import { systemClock } from '../platform/index.ts';
import { type ApplicationIdentity, checkOwnCertificate, requireSameApplication, thumbprintOf } from '../server/index.ts';
import type { ModuleListener } from './events.ts';
import { messageOf } from './message-of.ts';
import { about, type ApplicationName, CERTIFICATE, loadIdentity, pkiFolder, PRIVATE_KEY } from './plant-identities.ts';

/** An operator is told so long before a certificate expires, at the start and once a day. */
const TELL_DAYS_BEFORE = 30;
const DAY_MS = 86_400_000;
/** Two files are not replaced at once: a pair that does not fit is looked at again for so long before anybody is told. */
const PATIENCE_MS = 10_000;

export interface OwnIdentityPlace {
  readonly pki: string;
  readonly application: ApplicationName;
  /** Host names and addresses under which clients reach it; none for an application that is a client only. */
  readonly dialled: readonly string[];
  readonly clock: Clock;
  readonly listener: ModuleListener;
}

/**
 * Certificate and key of one of our applications, checked before they are used, and taken anew from their files whenever a
 * person has replaced them. A pair that can't be used changes nothing: the one before goes on, and the operator is told.
 */
export class OwnIdentity {
  readonly #place: OwnIdentityPlace;
  readonly #first: ApplicationIdentity;
  #current: ApplicationIdentity;
  #version: string;
  #bad: { readonly version: string; readonly sinceMs: number; isTold: boolean } | undefined;
  #expiryToldMs: number;

  /** @throws RejectedError in one sentence with the file and what to do */
  constructor(place: OwnIdentityPlace) {
    this.#place = place;
    this.#version = this.#seen();
    this.#first = this.#load();
    this.#current = this.#first;
    this.#expiryToldMs = place.clock.now();
    this.#tellExpiry();
  }

  /** As the files are now, where what they hold can be used. */
  get current(): ApplicationIdentity {
    this.refresh();
    return this.#current;
  }

  /** Looks at the files. @returns true where there is another certificate than before */
  refresh(): boolean {
    const { clock } = this.#place;
    if (clock.now() - this.#expiryToldMs >= DAY_MS) {
      this.#expiryToldMs = clock.now();
      this.#tellExpiry();
    }
    const version = this.#seen();
    if (version === this.#version) return false;
    try {
      const renewed = this.#load();
      requireSameApplication(this.#first, renewed);
      this.#version = version;
      this.#bad = undefined;
      if (thumbprint(renewed) === thumbprint(this.#current)) return false;
      this.#current = renewed;
    } catch (error) {
      this.#wait(version, error);
      return false;
    }
    this.#warn('CERTIFICATE_RENEWED', `${this.#file} is taken for new connections: ${thumbprint(this.#current)}. Peers have to trust it.`);
    this.#tellExpiry();
    return true;
  }

  /** @param renewed told of each new certificate; if it throws, the operator is told. @returns a function that ends it */
  watch(everyMs: number, renewed: (identity: ApplicationIdentity) => void): () => void {
    const timer = setInterval(() => {
      if (this.refresh()) renewed(this.#current);
    }, everyMs);
    timer.unref();
    return () => clearInterval(timer);
  }

  get #file(): string {
    return join(pkiFolder(this.#place.pki, this.#place.application), CERTIFICATE);
  }

  #load(): ApplicationIdentity {
    const { pki, application, dialled, clock } = this.#place;
    const identity = loadIdentity(pki, application);
    about(this.#file, () => checkOwnCertificate(identity, { applicationUri: identity.applicationUri, dialled, nowMs: clock.now() }));
    return identity;
  }

  #wait(version: string, error: unknown): void {
    const nowMs = this.#place.clock.now();
    if (this.#bad?.version !== version) this.#bad = { version, sinceMs: nowMs, isTold: false };
    if (this.#bad.isTold || nowMs - this.#bad.sinceMs < PATIENCE_MS) return;
    this.#bad.isTold = true;
    this.#warn('CERTIFICATE_UNFIT', `${messageOf(error)} The certificate before it stays in use.`);
  }

  #tellExpiry(): void {
    const { clock, dialled } = this.#place;
    const { applicationUri } = this.#current;
    let days: number;
    try {
      days = checkOwnCertificate(this.#current, { applicationUri, dialled, nowMs: clock.now() });
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      this.#warn('CERTIFICATE_EXPIRES', `${this.#file}: ${error.message}`);
      return;
    }
    if (days >= TELL_DAYS_BEFORE) return;
    this.#warn('CERTIFICATE_EXPIRES', `${this.#file} expires in ${days} ${days === 1 ? 'day' : 'days'}. Renew it: dcmb trust renew.`);
  }

  #warn(code: string, message: string): void {
    this.#place.listener({ event: 'warning', code, message });
  }

  /** Differs where either file was replaced or written. */
  #seen(): string {
    const folder = pkiFolder(this.#place.pki, this.#place.application);
    return [CERTIFICATE, PRIVATE_KEY]
      .map((name) => {
        const stat = statSync(join(folder, name), { throwIfNoEntry: false });
        return stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      })
      .join();
  }
}

/**
 * For a client of an application that has a server, too, which watches and tells: the pair as it is now where the server would
 * take it, else the one before.
 * @param dialled as of the server
 * @throws RejectedError as {@link OwnIdentity}
 */
export function renewingIdentity(pki: string, application: ApplicationName, dialled: readonly string[]): () => ApplicationIdentity {
  const own = new OwnIdentity({ pki, application, dialled, clock: systemClock, listener: () => undefined });
  return () => own.current;
}

function thumbprint({ certificate }: ApplicationIdentity): string {
  return thumbprintOf(certificate);
}
