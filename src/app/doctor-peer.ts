import type { PeerCertificate } from 'node:tls';
import type { FabricPeer } from '../ledger/index.ts';
import { type Found, Wrong } from './doctor-report.ts';
import { ANSWERS_WITHIN_MS, dial, type DialFault, isFor, isUntrusted, nameOf, ownerOf, shownCertificate } from './doctor-tls.ts';

const DAY_MS = 86_400_000;
/** A certificate is renewed in good time. */
const RENEW_BEFORE_DAYS = 30;

/**
 * Dials a peer as the gateway client would: address, authority, name and validity of its TLS certificate, HTTP/2.
 * @param profile path of the connection profile that names it
 */
export async function checkPeer(peer: FabricPeer, profile: string, nowMs: number): Promise<Found<true>> {
  const socket = await dial(peer).catch(async (error: unknown) => {
    throw await faultOf(peer, profile, error as DialFault);
  });
  try {
    const certificate = socket.getPeerCertificate();
    if (socket.alpnProtocol !== 'h2') {
      throw new Wrong(
        `${peer.address} speaks TLS, but not HTTP/2 with it.`,
        `Give the port of the peer's own service, not of its operations or chaincode listener, in ${profile}.`,
      );
    }
    return [`${peer.address} reached, TLS as ${nameOf(peer)}${validFor(certificate, nowMs)}.`, true];
  } finally {
    socket.destroy();
  }
}

async function faultOf(peer: FabricPeer, profile: string, error: DialFault): Promise<Wrong> {
  const { address } = peer;
  const { code = 'unknown fault' } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return another(peer, profile, error.cert, error);
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return new Wrong(
      `The TLS certificate at ${address} is ${code === 'CERT_HAS_EXPIRED' ? 'over' : 'not valid yet'}.`,
      "Have the peer's operator renew it, or set this machine's clock.",
      error,
    );
  }
  if (isUntrusted(error)) return untrusted(peer, profile, error);
  const [found, remedy] = NOT_REACHED[code] ?? [`does not speak TLS or breaks off (${code})`, REACH];
  return new Wrong(`${address} ${found}.`, remedy.replace('%', profile), error);
}

/** The port of another server has another root too: the name tells which of the two is wrong. */
async function untrusted(peer: FabricPeer, profile: string, error: DialFault): Promise<Wrong> {
  const shown = await shownCertificate(peer);
  if (shown !== undefined && !isFor(shown, peer)) return another(peer, profile, shown, error);
  return new Wrong(
    `No authority in this peer's tlsCACerts has signed the TLS certificate at ${peer.address} (${error.code}).`,
    `Put the TLS root of this peer's organisation into ${profile}; it is another one than that of its MSP.`,
    error,
  );
}

function another(peer: FabricPeer, profile: string, shown: PeerCertificate | undefined, error: DialFault): Wrong {
  return new Wrong(
    `At ${peer.address} answers ${shown === undefined ? 'somebody else' : ownerOf(shown)}, not ${nameOf(peer)}.`,
    `Check the port first, in the url of this peer in ${profile}; if that is right, its "ssl-target-name-override".`,
    error,
  );
}

const REACH = 'Check the url of this peer in %, whether the peer runs, and the firewalls between.';
const NOT_REACHED: Readonly<Record<string, readonly [found: string, remedy: string]>> = {
  ECONNREFUSED: ['refuses connections: nothing listens there', REACH],
  ETIMEDOUT: [`gives no answer within ${ANSWERS_WITHIN_MS / 1000} s`, REACH],
  EHOSTUNREACH: ["can't be reached from here", REACH],
  ENETUNREACH: ["can't be reached from here", REACH],
  ENOTFOUND: ['has a name that nobody knows here', 'Correct the url of this peer in %, or the name service.'],
  EAI_AGAIN: ['has a name that the name service gives no answer for', 'Check the name service of this machine.'],
};

function validFor({ valid_to: end }: PeerCertificate, nowMs: number): string {
  const days = Math.floor((Date.parse(end) - nowMs) / DAY_MS);
  return days < RENEW_BEFORE_DAYS ? `; its TLS certificate is over in ${days} days: have it renewed` : '';
}
