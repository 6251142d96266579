import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { FabricPeer } from '../ledger/index.ts';
import { type Found, Wrong } from './doctor-report.ts';

const ANSWERS_WITHIN_MS = 5000;
const DAY_MS = 86_400_000;
/** A certificate is renewed in good time. */
const RENEW_BEFORE_DAYS = 30;

/** Dials a peer as the gateway client would: address, authority, name and validity of its TLS certificate, HTTP/2. */
export async function checkPeer(peer: FabricPeer, nowMs: number): Promise<Found<true>> {
  const socket = await dial(peer);
  try {
    const certificate = socket.getPeerCertificate();
    if (socket.alpnProtocol !== 'h2') {
      throw new Wrong(
        `${peer.address} speaks TLS, but not HTTP/2 with it.`,
        "Give the port of the peer's own service, not of its operations or chaincode listener.",
      );
    }
    return [`${peer.address} reached, TLS as ${nameOf(peer)}${validFor(certificate, nowMs)}.`, true];
  } finally {
    socket.destroy();
  }
}

function dial(peer: FabricPeer): Promise<TLSSocket> {
  const [host, port] = hostAndPort(peer.address);
  const name = nameOf(peer);
  const options: ConnectionOptions = {
    host,
    port,
    ca: peer.tlsRoots,
    ALPNProtocols: ['h2'],
    // An address can't be asked for by name (RFC 6066, section 3); the certificate is held against it all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => resolve(socket));
    socket.setTimeout(ANSWERS_WITHIN_MS, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    socket.on('error', (error: NodeJS.ErrnoException) => reject(faultOf(peer, error)));
  });
}

function faultOf(peer: FabricPeer, error: NodeJS.ErrnoException & { cert?: PeerCertificate }): Wrong {
  const { address } = peer;
  const { code = 'unknown fault' } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new Wrong(
      `The TLS certificate at ${address} is not for ${nameOf(peer)}${namesOf(error.cert)}.`,
      'Correct "ssl-target-name-override" (or the url) of this peer in the connection profile.',
      error,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return new Wrong(
      `The TLS certificate at ${address} is ${code === 'CERT_HAS_EXPIRED' ? 'over' : 'not valid yet'}.`,
      "Have the peer's operator renew it, or set this machine's clock.",
      error,
    );
  }
  if (UNTRUSTED.test(code)) {
    return new Wrong(
      `No authority in the connection profile's tlsCACerts has signed the TLS certificate at ${address} (${code}).`,
      "Put the TLS root of this peer's organisation there; it is another one than that of its MSP.",
      error,
    );
  }
  const [found, remedy] = NOT_REACHED[code] ?? [`does not speak TLS or breaks off (${code})`, REACH];
  return new Wrong(`${address} ${found}.`, remedy, error);
}

const UNTRUSTED = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_SELF_SIGNED_|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/;
const REACH = 'Check the url of this peer in the connection profile, whether the peer runs, and the firewalls between.';
const NOT_REACHED: Readonly<Record<string, readonly [found: string, remedy: string]>> = {
  ECONNREFUSED: ['refuses connections: nothing listens there', REACH],
  ETIMEDOUT: [`gives no answer within ${ANSWERS_WITHIN_MS / 1000} s`, REACH],
  EHOSTUNREACH: ["can't be reached from here", REACH],
  ENETUNREACH: ["can't be reached from here", REACH],
  ENOTFOUND: ['has a name that nobody knows here', 'Correct the url of this peer in the connection profile, or the name service.'],
  EAI_AGAIN: ['has a name that the name service gives no answer for', 'Check the name service of this machine.'],
};

function nameOf({ address, tlsName }: FabricPeer): string {
  return tlsName ?? hostAndPort(address)[0];
}

function hostAndPort(address: string): [string, number] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), Number(address.slice(colon + 1))];
}

function namesOf(certificate: PeerCertificate | undefined): string {
  const names = certificate?.subjectaltname?.split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, ''));
  return names === undefined ? '' : ` but for ${names.join(', ')}`;
}

function validFor({ valid_to: end }: PeerCertificate, nowMs: number): string {
  const days = Math.floor((Date.parse(end) - nowMs) / DAY_MS);
  return days < RENEW_BEFORE_DAYS ? `; its TLS certificate is over in ${days} days: have it renewed` : '';
}
