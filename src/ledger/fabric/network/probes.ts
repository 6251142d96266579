import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const LOOPBACK = '127.0.0.1';
const ANSWERS_WITHIN_MS = 1000;

/** True where somebody takes connections. */
export function listens(port: number): Promise<boolean> {
  return connects(connect({ host: LOOPBACK, port, timeout: ANSWERS_WITHIN_MS }), 'connect');
}

/** True where somebody takes TLS connections, with a certificate of this root: said to the end, so that no log complains. */
export function greets(port: number, root: Uint8Array): Promise<boolean> {
  const options = { host: LOOPBACK, port, ca: Buffer.from(root), servername: 'localhost', ALPNProtocols: ['h2'] };
  return connects(connectTls({ ...options, timeout: ANSWERS_WITHIN_MS }), 'secureConnect');
}

function connects(socket: Socket, event: 'connect' | 'secureConnect'): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (answer: boolean): void => {
      socket.end();
      socket.destroy();
      resolve(answer);
    };
    socket.on(event, () => end(true));
    socket.on('error', () => end(false));
    socket.on('timeout', () => end(false));
  });
}

/** Fabric's health check, plain HTTP. */
export function healthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: LOOPBACK, port, path: '/healthz', timeout: ANSWERS_WITHIN_MS, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}
