import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';

/*
 * Imported into a module's process: whatever it writes to a socket or pipe is also appended to a file. That includes
 * every message to its cleared server's process.
 */

const file = process.env['RECORD_SOCKETS_TO'];
if (file === undefined) throw new Error('RECORD_SOCKETS_TO names no file.');

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is applied to the socket below
const write = Socket.prototype.write;
Socket.prototype.write = function recorded(this: Socket, ...args: Parameters<typeof write>): boolean {
  const [chunk] = args;
  appendFileSync(file, typeof chunk === 'string' ? chunk : Buffer.from(chunk));
  return write.apply(this, args);
} as typeof write;
