import { createHmac, createSecretKey, hash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Bytes, i32, labelledHash, labelledMac, macKey, utf8 } from '../../src/core/index.ts';
import { joined } from './secret-forms.ts';
import type { Unfolded } from './peer-files/peer-content.ts';

/** One guess with all ways in which it could have been written down before it was hashed. */
export interface Guess {
  readonly name: string;
  readonly messages: readonly Bytes[];
}

/** Every label in the program's sources: a stranger has them. */
export const LABELS: readonly string[] = [
  ...new Set(
    globSync('**/*.ts', { cwd: fileURLToPath(new URL('../../src', import.meta.url)) }).flatMap((file) =>
      [...readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8').matchAll(/'(DCMB\/0\/[a-z/-]+)'/g)].map(
        ([, label]) => label!,
      ),
    ),
  ),
];

export function numberGuess(name: string, value: number): Guess {
  const eight = Buffer.alloc(8);
  eight.writeDoubleLE(value);
  const forms = [utf8(String(value)), utf8(`Double:${value}`), utf8(`UInt32:${value}`), eight, Buffer.from(eight).reverse()];
  if (!Number.isInteger(value)) return { name, messages: forms };
  const wide = Buffer.alloc(8);
  wide.writeBigInt64LE(BigInt(value));
  const four = value === Math.trunc(value) && Math.abs(value) < 2 ** 31 ? [i32(value), Buffer.from(i32(value)).reverse()] : [];
  return { name, messages: [...forms, wide, Buffer.from(wide).reverse(), ...four] };
}

/** So many first bytes of a digest are looked for: one that was cut short is found too. */
const COMPARED = 12;
const SIEVE_BITS = 28;

/** Whether bytes stand anywhere at all: a sieve over every place first, for nearly all guesses are none. */
class Places {
  readonly #all: Buffer;
  readonly #sieves = [0, 4, 8].map((offset) => ({ offset, bits: new Uint8Array(2 ** (SIEVE_BITS - 3)) }));

  constructor(all: Buffer) {
    this.#all = all;
    for (const { offset, bits } of this.#sieves) {
      for (let at = 0; at + COMPARED <= all.length; at++) {
        const place = all.readUInt32BE(at + offset) >>> (32 - SIEVE_BITS);
        bits[place >>> 3]! |= 1 << (place & 7);
      }
    }
  }

  has(digest: Buffer): boolean {
    for (const { offset, bits } of this.#sieves) {
      const place = digest.readUInt32BE(offset) >>> (32 - SIEVE_BITS);
      if ((bits[place >>> 3]! & (1 << (place & 7))) === 0) return false;
    }
    return this.#all.includes(digest.subarray(0, COMPARED));
  }
}

export interface Attack {
  readonly found: readonly string[];
  readonly tried: number;
}

const sha = (...parts: Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

/** Hashes each guess in every way that the program's sources show, with every field that is there as salt or key. */
export function dictionaryAttack({ fragments, fields }: Unfolded, guesses: readonly Guess[]): Attack {
  const places = new Places(joined(fragments));
  const keys = fields.map((field) => ({ field, secret: createSecretKey(field), mac: macKey(field) }));
  const found = new Set<string>();
  let tried = 0;
  for (const { name, messages } of guesses) {
    const hit = (construction: string, digest: Uint8Array): void => {
      tried++;
      if (places.has(Buffer.from(digest.buffer, digest.byteOffset, digest.length))) found.add(`${name} by ${construction}`);
    };
    for (const message of messages) {
      hit('hash', sha(message));
      hit('leaf', sha(Uint8Array.of(0), message));
      for (const label of LABELS) hit(`hash with ${label}`, labelledHash(label, message));
      for (const { field, secret, mac } of keys) {
        hit('hash behind a field', sha(field, message));
        hit('hash before a field', sha(message, field));
        hit('blinded leaf', sha(Uint8Array.of(0), field, message));
        hit('HMAC', createHmac('sha256', secret).update(message).digest());
        for (const label of KEYED) hit(`MAC with ${label}`, labelledMac(mac, label, message));
      }
    }
  }
  return { found: [...found], tried };
}

/** Labels under which something is made of a key and a value that could be guessed. */
const KEYED = ['DCMB/0/token', 'DCMB/0/blinder', 'DCMB/0/cleared'];
