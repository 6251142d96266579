import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { unavailable } from './errors.ts';

/**
 * Fabric's peer asks for an IPv4 address beyond loopback, though it listens on none.
 * @throws UnavailableError `NO_ADDRESS`
 */
export function requireAddress(interfaces = networkInterfaces()): void {
  const addresses = Object.values(interfaces).flatMap((each) => each ?? []);
  if (addresses.some(({ family, address }) => family === 'IPv4' && !address.startsWith('127.'))) return;
  throw unavailable(
    'NO_ADDRESS',
    "Fabric's peer does not start on a machine without an IPv4 address beyond loopback, though it listens on loopback alone. " +
      'Give it one that leads nowhere: ip addr add 192.0.2.1/32 dev lo',
  );
}

/** @throws UnavailableError `PORT_TAKEN` */
export async function requireFreePort(port: number, part: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const server = createServer();
    server.on('error', (cause) => {
      const what = `Port ${port}, for the network's ${part}, can't be used`;
      reject(unavailable('PORT_TAKEN', `${what}: ${cause.message}. Choose another first port.`, cause));
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve()));
  });
}
