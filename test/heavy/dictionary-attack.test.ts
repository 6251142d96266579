import assert from 'node:assert/strict';
import { createHmac, createSecretKey, hash as oneHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { argon2id, hash } from 'argon2';
import { type Bytes, canonicalJson, fromBase64Url, fromUtf8, i32, labelledHash, macKey, toHex, utf8 } from '../../src/core/index.ts';
import { batchSalt, clearedTuple, tokenOf } from '../../src/evidence/index.ts';
import { channel, epochKeys, makeBatch, reading, readingRecord, testParams } from '../evidence/fixture.ts';

/*
 * The attack of somebody who tries all values that a count can have. It is shown to work on the record of Stodt & Reich
 * (2020), Algorithm 1, `Argon2(value + salt)` with the salt beside it, and is then run with the same candidates on all
 * that the ledger and a delivery show.
 *
 * The paper's salt "fjpd7" is shorter than the 8 bytes that RFC 9106 asks for; here it stands twice. The paper names no
 * cost; memory and passes are small so that the attack takes seconds. A higher cost makes it longer, not impossible.
 */
const PAPER_SALT = utf8('fjpd7fjpd7');
const COST = { memoryCost: 64, timeCost: 1, parallelism: 1 };
const SECRET_VALUE = 5367;
const CANDIDATES = Array.from({ length: 3000 }, (_, i) => 4000 + i);
const CODES = Array.from({ length: 40 }, (_, i) => i - 5);

/** What an attacker has: hashes to hit, and bytes to try as salt, blinder or key. */
interface Material {
  readonly targets: ReadonlySet<string>;
  readonly fields: readonly Bytes[];
  readonly salts: readonly Bytes[];
}

interface Outcome {
  /** What was found, by construction. */
  readonly found: readonly string[];
  readonly tried: number;
}

/** All ways in which one guess could be written down. The attacker is given all of the record but its value. */
function writings(value: number): Bytes[] {
  const { sourceMs, acceptedMs } = reading(value);
  const record = (text: string) => canonicalJson({ ...readingRecord(0, 7, reading(value)), value: text, sourceMs, acceptedMs });
  return [utf8(String(value)), i32(value), record(readingRecord(0, 7, reading(value)).value), record(`Int32:${value}`)];
}

const sha = (...parts: Bytes[]) => oneHash('sha256', parts.length === 1 ? parts[0]! : Buffer.concat(parts), 'buffer');

async function attack(
  material: Material,
  guesses: readonly { name: string; messages: readonly Bytes[]; code?: number }[],
): Promise<Outcome> {
  const found: string[] = [];
  let tried = 0;
  // A look at four bytes spares nearly all guesses the rest.
  const starts = new Set([...material.targets].map((target) => Number.parseInt(target.slice(0, 8), 16)));
  const hit = (guess: string, construction: string, digest: Buffer) => {
    tried++;
    if (!starts.has(digest.readUInt32BE(0))) return;
    const hex = toHex(digest);
    if (material.targets.has(hex) || material.targets.has(hex.slice(0, 32))) found.push(`${guess} by ${construction}`);
  };
  const keys = material.fields
    .filter((field) => field.length === 32)
    .map((field) => ({ field, secret: createSecretKey(field), mac: macKey(field) }));
  for (const { name, messages, code } of guesses) {
    for (const message of messages) {
      hit(name, 'hash', sha(message));
      hit(name, 'leaf', sha(Uint8Array.of(0), message));
      hit(name, 'labelled hash', Buffer.from(labelledHash('DCMB/0/cleared', message)));
      for (const salt of material.salts) {
        hit(name, 'hash of salt and value', sha(salt, message));
        hit(name, 'hash of value and salt', sha(message, salt));
      }
      for (const { field, secret } of keys) {
        hit(name, 'blinded leaf', sha(Uint8Array.of(0), field, message));
        hit(name, 'HMAC', createHmac('sha256', secret).update(message).digest());
      }
    }
    if (code !== undefined) for (const { mac } of keys) hit(name, 'token', Buffer.from(tokenOf(mac, code)));
    for (const salt of material.salts) {
      for (const message of code === undefined ? messages.slice(0, 1) : messages) hit(name, 'Argon2', await argon2(message, salt));
      if (code === undefined) continue;
      const tuple = clearedTuple({ channel, n: 0, interval: 0, codes: [code, code, code] });
      for (const { field } of keys) hit(name, 'Argon2 with a public secret', await argon2(tuple, salt, field));
    }
  }
  return { found, tried };
}

async function argon2(message: Bytes, salt: Bytes, secret?: Bytes): Promise<Buffer> {
  const keyed = secret === undefined ? {} : { secret: Buffer.from(secret) };
  return hash(Buffer.from(message), {
    raw: true,
    type: argon2id,
    salt: Buffer.from(salt),
    hashLength: 32,
    version: 0x13,
    ...COST,
    ...keyed,
  });
}

/** Every binary field anywhere in a JSON value, envelopes opened. */
function binaryFields(value: unknown): Bytes[] {
  if (typeof value === 'string') return /^[A-Za-z0-9_-]{22}$|^[A-Za-z0-9_-]{43}$/.test(value) ? [fromBase64Url(value)] : [];
  if (typeof value !== 'object' || value === null) return [];
  const inside =
    'payload' in value && typeof value.payload === 'string' ? binaryFields(JSON.parse(fromUtf8(fromBase64Url(value.payload)))) : [];
  const record =
    'record' in value && typeof value.record === 'string'
      ? binaryFields(JSON.parse(fromUtf8(fromBase64Url(value.record)).replace(/\0+$/, '')))
      : [];
  return [...inside, ...record, ...Object.values(value).flatMap(binaryFields)];
}

function materialOf(...shown: unknown[]): Material {
  const fields = [...new Map(binaryFields(shown).map((field) => [toHex(field), field])).values()];
  return { targets: new Set(fields.map(toHex)), fields, salts: fields.filter((field) => field.length === 16) };
}

const values = CANDIDATES.map((value) => ({ name: String(value), messages: writings(value) }));
const codes = CODES.map((code) => ({
  name: `condition ${code}`,
  code,
  messages: [utf8(String(code)), i32(code), clearedTuple({ channel, n: 0, interval: 0, codes: [code, code, code] })],
}));
const sample = () => makeBatch({ readings: [[reading(SECRET_VALUE)], []], codes: [1, 1, 1] });

describe('trying all values', () => {
  test('finds 5367 in the record that the paper publishes', async (t) => {
    const digest = await argon2(utf8(String(SECRET_VALUE)), PAPER_SALT);
    const { found, tried } = await attack({ targets: new Set([toHex(digest)]), fields: [], salts: [PAPER_SALT] }, values);
    t.diagnostic(`paper's record: ${found.join(', ')} after ${tried} candidates`);
    assert.deepEqual(found, ['5367 by Argon2']);
  });

  test('finds neither value nor condition in what the ledger shows', async (t) => {
    const { header, tokens } = (await sample()).check.package;
    const material = materialOf(header, tokens);
    const outcome = [await attack(material, values), await attack(material, codes)];
    const tried = outcome.reduce((sum, one) => sum + one.tried, 0);
    t.diagnostic(`ledger: nothing after ${tried} candidates over ${material.fields.length} public fields`);
    assert.deepEqual(
      outcome.flatMap((one) => one.found),
      [],
    );
    assert.ok(material.fields.length > 20 && material.salts.length === 1 && tried > 500_000);
  });

  test('finds no raw value in what a delivery shows on top', async (t) => {
    const { header, tokens, delivery, conditions } = (await sample()).check.package;
    const material = materialOf(header, tokens, delivery, conditions);
    const { found, tried } = await attack(material, values);
    t.diagnostic(`delivery: nothing after ${tried} candidates over ${material.fields.length} fields`);
    assert.deepEqual(found, []);
    assert.ok(material.fields.length > 35);
  });

  test('would find the condition if a slot key were public, and the cleared tuple if the batch key were', async () => {
    const { header, tokens } = (await sample()).check.package;
    const keys = epochKeys(testParams());
    const material = materialOf(header, tokens);
    const leaky = await attack({ ...material, fields: [keys.slotKey(0, 0), keys.batchKey(0, 0)] }, codes);
    assert.deepEqual(leaky.found, ['condition 1 by token', 'condition 1 by Argon2 with a public secret']);
    assert.deepEqual(material.salts.map(toHex), [toHex(batchSalt(channel, 0))]);
  });
});
