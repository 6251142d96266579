import { createHash } from 'node:crypto';

const LENGTH_DELIMITED = 2;

/**
 * Hash of a block's header: SHA-256 of the ASN.1 sequence of number, hash of the previous block and hash of the data,
 * base64url. Of block 0 only, whose number and previous hash are empty in the protobuf.
 */
export function genesisBlockHash(block: Uint8Array): string {
  const header = field(block, 1);
  const dataHash = field(header, 3);
  const content = Buffer.concat([Buffer.from([0x02, 1, 0]), Buffer.from([0x04, 0]), Buffer.from([0x04, dataHash.length]), dataHash]);
  return createHash('sha256')
    .update(Buffer.from([0x30, content.length]))
    .update(content)
    .digest('base64url');
}

/** The content of the first field of this number in a protobuf message that begins with such fields. */
function field(message: Uint8Array, wanted: number): Uint8Array {
  let at = 0;
  while (at < message.length) {
    const [tag, afterTag] = varint(message, at);
    const [length, start] = varint(message, afterTag);
    if ((tag & 7) !== LENGTH_DELIMITED) break;
    if (tag >> 3 === wanted) return message.subarray(start, start + length);
    at = start + length;
  }
  throw new Error(`A Fabric block has no field ${wanted}.`);
}

function varint(message: Uint8Array, at: number): [value: number, next: number] {
  let [value, shift, byte] = [0, 0, 0];
  do {
    byte = message[at++] ?? 0;
    value |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80);
  return [value, at];
}
