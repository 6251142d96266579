import { isIP } from 'node:net';
import { checkServerIdentity, connect, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';

export const ANSWERS_WITHIN_MS = 5000;

/** A server as a gRPC client finds it. */
export interface TlsServer {
  /** `host:port` */
  readonly address: string;
  /** Certificates of the authorities that may have signed its certificate, PEM. */
  readonly tlsRoots: string;
  /** Name that its certificate has to bear, where that is not the host of the address. */
  readonly tlsName?: string | undefined;
}

/** A fault of a connection, with the code that Node gives it. */
export type DialFault = NodeJS.ErrnoException & { cert?: PeerCertificate };

/** The authorities that are trusted have not signed the certificate. */
const UNTRUSTED = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_SELF_SIGNED_|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/;

/** Connects with HTTP/2 offered. @throws DialFault */
export function dial(server: TlsServer, { isTrusting = false } = {}): Promise<TLSSocket> {
  const [host, port] = hostAndPort(server.address);
  const name = nameOf(server);
  const options: ConnectionOptions = {
    host,
    port,
    ca: server.tlsRoots,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: !isTrusting,
    // An address can't be asked for by name (RFC 6066, section 3); the certificate is held against it all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => resolve(socket));
    socket.setTimeout(ANSWERS_WITHIN_MS, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    socket.on('error', reject);
  });
}

export function isUntrusted({ code = '' }: DialFault): boolean {
  return UNTRUSTED.test(code);
}

/** The certificate that is shown there, whoever has signed it. Nothing is sent. @returns undefined where none is shown */
export async function shownCertificate(server: TlsServer): Promise<PeerCertificate | undefined> {
  try {
    const socket = await dial(server, { isTrusting: true });
    const certificate = socket.getPeerCertificate();
    socket.destroy();
    return certificate;
  } catch {
    return undefined;
  }
}

/** Whether the certificate is for the name that is expected. */
export function isFor(certificate: PeerCertificate, server: TlsServer): boolean {
  return checkServerIdentity(nameOf(server), certificate) === undefined;
}

/** Whose certificate it is: the subject's name, or all the names that it is for. */
export function ownerOf(certificate: PeerCertificate): string {
  const names = certificate.subjectaltname?.split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, ''));
  const [first] = [certificate.subject?.CN].flat();
  return first ?? names?.join(', ') ?? 'somebody without a name';
}

export function nameOf({ address, tlsName }: TlsServer): string {
  return tlsName ?? hostAndPort(address)[0];
}

function hostAndPort(address: string): [string, number] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), Number(address.slice(colon + 1))];
}
