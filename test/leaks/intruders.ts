import { UserTokenType } from 'node-opcua';
import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import { certificateUser, passwordUser } from '../support/ua-client.ts';
import { testIdentity } from '../support/ua-server.ts';
import type { Canaries } from './canaries.ts';
import { intrude, type Intruder } from './outsiders.ts';
import type { Actor, Tally } from './scene.ts';
import type { Target } from './wire.ts';

/** OPC UA Part 4, clause 5.6.2: an application that is not trusted learns no more than that. */
const NOT_TRUSTED = ['BadSecurityChecksFailed', 'BadCertificateUntrusted'];
/** Part 4, clause 5.7.3. */
const NO_USER = ['BadUserAccessDenied', 'BadIdentityTokenRejected', 'BadIdentityTokenInvalid'];
/** The client itself finds no endpoint that would take it. */
const NO_ENDPOINT = ['Closed'];

/** What somebody has who wants to get in. */
export interface Known {
  /** A trusted application. */
  readonly own: ApplicationIdentity;
  /** A user that exists, with the right password. */
  readonly user: { readonly name: string; readonly password: string };
  /** Another user's name, whose password is not known. */
  readonly other: string;
}

let made: Promise<{ readonly stranger: ApplicationIdentity; readonly named: (name: string) => Promise<ApplicationIdentity> }> | undefined;
const byName = new Map<string, Promise<ApplicationIdentity>>();

function strangers(): NonNullable<typeof made> {
  made ??= testIdentity('stranger').then((stranger) => ({
    stranger,
    named: (name) => {
      const identity = byName.get(name) ?? testIdentity(name);
      byName.set(name, identity);
      return identity;
    },
  }));
  return made;
}

/** Everybody who must not get in. */
export async function intrudersWith({ own, user, other }: Known): Promise<Intruder[]> {
  const { stranger, named } = await strangers();
  const right = passwordUser(user.name, user.password);
  return [
    { name: 'an application that nobody trusted', own: stranger, user: right, refusal: NOT_TRUSTED },
    { name: 'nobody', own, user: { type: UserTokenType.Anonymous }, refusal: [...NO_USER, ...NO_ENDPOINT] },
    {
      name: 'a user without security',
      own,
      user: right,
      options: { unsecured: true },
      refusal: ['BadSecurityModeRejected', 'BadSecurityPolicyRejected', ...NO_USER, ...NO_ENDPOINT],
    },
    { name: 'a wrong password', own, user: passwordUser(other, 'wrong'), refusal: ['BadUserAccessDenied'] },
    { name: 'a user that does not exist', own, user: passwordUser(`${other}x`, 'wrong'), refusal: ['BadUserAccessDenied'] },
    {
      name: "a certificate with another user's name in it",
      own,
      user: certificateUser(await named(other)),
      refusal: ['BadIdentityTokenRejected', 'BadUserAccessDenied', 'BadIdentityTokenInvalid'],
    },
  ];
}

/** Lets everybody try who must not get in. A name that exists must be refused as one that does not. */
export async function tryIntruders(
  server: { readonly name: string; readonly target: Target },
  known: Known,
  denied: Actor['denied'],
  search: { readonly canaries: Canaries; readonly tally: Tally },
): Promise<void> {
  const told = new Map<string, string>();
  for (const intruder of await intrudersWith(known)) told.set(intruder.name, await intrude(intruder, server, search, denied));
  const [wrong, unknown] = [told.get('a wrong password'), told.get('a user that does not exist')];
  if (wrong === unknown) return;
  const what = `${wrong ?? ''} for a user that exists, ${unknown ?? ''} for one that does not`;
  search.tally.find({ detector: 'twin', secret: 'users', actor: `${server.name}: anybody`, service: 'ActivateSession', what });
}
