import { createPrivateKey, sign } from 'node:crypto';
import { type Bytes, concat, utf8 } from '../../src/core/index.ts';
import { readSequence, readUnsigned, SEQUENCE, writeDer, writeUnsigned } from '../../src/fabric-blocks/der.ts';
import { bytesOf } from './protobuf-writer.ts';

/** Somebody of a test network, with certificate and key. */
export interface Person {
  readonly mspId: string;
  /** PEM */
  readonly certificate: string;
  readonly key: string;
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A `SerializedIdentity`. */
export function identityOf({ mspId, certificate }: Pick<Person, 'mspId' | 'certificate'>): Bytes {
  return concat(bytesOf(1, mspId), bytesOf(2, certificate));
}

/** ECDSA in DER with s in the lower half, as Fabric asks for; `high` in the upper one. */
export function signed({ key }: Person, message: Bytes, half: 'low' | 'high' = 'low'): Bytes {
  const signature = new Uint8Array(sign('sha256', message, createPrivateKey(key)));
  const [r, s] = readSequence(signature).map(readUnsigned) as [bigint, bigint];
  const isLow = s <= P256_ORDER / 2n;
  return writeDer(SEQUENCE, writeUnsigned(r), writeUnsigned(isLow === (half === 'low') ? s : P256_ORDER - s));
}

export const NOTHING: Bytes = utf8('');
