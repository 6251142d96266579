import { connect, type Socket } from 'node:net';
import type { SeededRandom } from '../crash/random.ts';
import { pause } from '../support/pause.ts';
import type { Listener } from './fuzz-channel.ts';
import { damage } from './fuzz-requests.ts';

/*
 * What a stranger can send without any library of OPC UA: bytes. Messages of the transport (OPC UA Part 6, clause 7.1.2) and
 * what only looks like them.
 */

/** Bytes of a message of the transport: type, `F` for a whole one, its length, its body. */
export function transportMessage(type: string, body: Buffer, length: number = body.length + 8): Buffer {
  const head = Buffer.alloc(8);
  head.write(type.padEnd(4, 'F').slice(0, 4), 'latin1');
  head.writeUInt32LE(length >>> 0, 4);
  return Buffer.concat([head, body]);
}

export function hello(endpointUrl: string, [receive, send, message, chunks]: readonly number[] = [65_536, 65_536, 0, 0]): Buffer {
  const url = Buffer.from(endpointUrl);
  const body = Buffer.alloc(24 + url.length);
  [0, receive ?? 0, send ?? 0, message ?? 0, chunks ?? 0, url.length].forEach((number, index) =>
    body.writeUInt32LE(number >>> 0, 4 * index),
  );
  url.copy(body, 24);
  return transportMessage('HEL', body);
}

/** A connection without any protocol. */
export class Stranger {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async connect(endpointUrl: string, listener: Listener): Promise<Stranger> {
    const { hostname, port } = new URL(endpointUrl.replace('opc.tcp:', 'http:'));
    const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
    socket.on('data', listener);
    socket.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('close', () => reject(new Error('The connection was refused.')));
    });
    return new Stranger(socket);
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Does not wait for the other side: what it does not take fills this side's memory, so ask for little. */
  send(bytes: Buffer): void {
    if (this.isOpen) this.#socket.write(bytes);
  }

  /** Sends and waits until the other side took it, or closed. */
  async push(bytes: Buffer): Promise<void> {
    if (!this.isOpen) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.write(bytes, () => resolve());
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

const SIZES = [0, 1, 7, 8, 100, 8192, 65_536, 0x7fffffff, 0xffffffff];
const TYPES = ['HEL', 'ACK', 'ERR', 'RHE', 'OPN', 'MSG', 'CLO', 'OPNC', 'MSGC', 'MSGA', 'GET', '\u0000\u0001\u0002', 'XXX'];

/** What one connection sends, in pieces. */
export function garbage(endpointUrl: string, recorded: readonly Buffer[], random: SeededRandom): Buffer[] {
  const pick = <Item>(items: readonly Item[]): Item => items[random.between(0, items.length - 1)]!;
  const noise = (most: number): Buffer => Buffer.from(Array.from({ length: random.between(1, most) }, () => random.between(0, 255)));
  const kinds: (() => Buffer[])[] = [
    () => [noise(2000)],
    () => [hello(endpointUrl, [pick(SIZES), pick(SIZES), pick(SIZES), pick(SIZES)]), noise(300)],
    () => [damage(hello(endpointUrl), random)],
    () => [hello(endpointUrl), hello(endpointUrl)],
    () => [hello(endpointUrl), transportMessage(pick(TYPES), noise(200), pick(SIZES))],
    () => [transportMessage(pick(TYPES), noise(200))],
    () => [hello(endpointUrl), ...recorded.map((chunk) => damage(chunk, random))],
    () => [hello(endpointUrl), ...random.shuffled(recorded)],
    () => [hello(`opc.tcp://${'x'.repeat(random.between(1, 10_000))}`), pick(recorded)],
    () => [...hello(endpointUrl)].map((byte) => Buffer.of(byte)),
  ];
  return pick(kinds)();
}

/** Sends garbage over so many connections, several at a time. */
export async function sendGarbage(
  endpointUrl: string,
  listener: Listener,
  recorded: readonly Buffer[],
  random: SeededRandom,
  connections: number,
): Promise<void> {
  for (let made = 0; made < connections; made += 10) {
    const strangers = await Promise.all(Array.from({ length: 10 }, () => Stranger.connect(endpointUrl, listener).catch(() => undefined)));
    for (const stranger of strangers) for (const piece of garbage(endpointUrl, recorded, random)) stranger?.send(piece);
    await pause(30);
    for (const stranger of strangers) stranger?.close();
  }
}
