import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concat, RejectedError, utf8 } from '../../src/core/index.ts';
import { certificateOf } from '../../src/fabric-blocks/certificate.ts';
import { readDer, readSequence, readUnsigned, SEQUENCE, writeDer, writeUnsigned } from '../../src/fabric-blocks/der.ts';
import { splitEnvelope } from '../../src/fabric-blocks/envelope.ts';
import {
  bool,
  bytesField,
  decode,
  decodeEnvelope,
  decodeExact,
  int32,
  message,
  repeatedMessage,
  text,
  uint64,
} from '../../src/fabric-blocks/index.ts';
import { readVector } from './forged-chain.ts';
import { bytesOf, numberOf, varint } from './protobuf-writer.ts';

const Shape = {
  number: uint64(1),
  name: text(2),
  inner: message(3, { a: int32(1), b: bytesField(2) }),
  list: repeatedMessage(4, { flag: bool(1) }),
};
const read = (...parts: readonly Uint8Array[]) => decode(Shape, concat(...parts), 'message');
const exact = (...parts: readonly Uint8Array[]) => decodeExact(Shape, concat(...parts), 'message');
const refused = { code: 'BAD_ENCODING' };

describe('a message', () => {
  test('of no bytes has the values that stand for nothing', () => {
    assert.deepEqual(read(), { number: 0n, name: '', inner: undefined, list: [] });
    assert.deepEqual(exact(), read());
  });

  test('is read as Fabric reads it: the last of two values, parts of a message together, unknown fields passed over', () => {
    const parts = [
      numberOf(1, 5),
      numberOf(1, 7),
      bytesOf(3, numberOf(1, 3)),
      bytesOf(99, 'x'),
      bytesOf(3, bytesOf(2, 'b')),
      bytesOf(1, 'wrong type'),
    ];
    assert.deepEqual(read(...parts), { number: 7n, name: '', inner: { a: 3, b: utf8('b') }, list: [] });
    assert.equal(read(bytesOf(3, numberOf(1, -1))).inner?.a, -1);
    assert.equal(read(bytesOf(3, numberOf(1, 2n ** 32n + 5n))).inner?.a, 5);
    assert.deepEqual(read(bytesOf(4, numberOf(1, 1)), bytesOf(4, '')).list, [{ flag: true }, { flag: false }]);
  });

  test('in its one exact form has each field once, in order, of its type, none empty, no number longer than need be', () => {
    assert.deepEqual(
      exact(numberOf(1, 5), bytesOf(2, 'a'), bytesOf(3, ''), bytesOf(4, '')),
      read(numberOf(1, 5), bytesOf(2, 'a'), bytesOf(3, ''), bytesOf(4, '')),
    );
    const tried = {
      twice: [numberOf(1, 5), numberOf(1, 5)],
      'out of order': [bytesOf(2, 'a'), numberOf(1, 5)],
      unknown: [bytesOf(99, '')],
      'of another type': [bytesOf(1, 'a')],
      'zero that is written': [Uint8Array.of(0x08, 0x00)],
      'empty text that is written': [bytesOf(2, '')],
      'long number': [Uint8Array.of(0x08, 0x85, 0x00)],
      'long length': [Uint8Array.of(0x12, 0x81, 0x00, 0x61)],
      'long tag': [Uint8Array.of(0x88, 0x00, 0x05)],
      'empty in a message within': [bytesOf(3, Uint8Array.of(0x08, 0x00))],
    };
    for (const [what, parts] of Object.entries(tried)) assert.throws(() => exact(...parts), refused, what);
  });

  test('that is cut off, or no message, is refused and never a crash', () => {
    const broken = {
      'a number without an end': [0x08, 0x80],
      'a number of 65 bits': [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
      'a number of 11 bytes': [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
      'a field that is longer than the rest': [0x12, 0x05, 0x61],
      'a field of number 0': [0x02, 0x00],
      'wire type 6': [0x0e],
      'an end of a group that did not begin': [0x0c],
      'a group without an end': [0x0b, 0x08, 0x01],
      'a group that ends as another': [0x0b, 0x14],
      'text that is no UTF-8': [0x12, 0x01, 0xff],
    };
    for (const [what, bytes] of Object.entries(broken)) assert.throws(() => read(Uint8Array.from(bytes)), refused, what);
  });

  test('of any bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const reading of [() => read(bytes), () => exact(bytes), () => decodeEnvelope(bytes), () => splitEnvelope(bytes)]) {
          try {
            reading();
          } catch (error) {
            assert.ok(error instanceof RejectedError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('with groups in groups is read as deep as Fabric reads, and refused beyond', () => {
    const nested = (depth: number) => new Uint8Array(2 * depth).fill(0x0b, 0, depth).fill(0x0c, depth);
    assert.deepEqual(read(nested(10_000), numberOf(1, 5)).number, 5n);
    assert.throws(() => read(nested(10_001)), refused);
    assert.throws(() => read(nested(1_000_000)), refused);
  });

  test('of millions of fields that nobody knows takes neither memory nor time', () => {
    const many = new Uint8Array(8_000_000);
    for (let at = 0; at < many.length; at += 2) many[at] = 0x7a;
    assert.equal(read(many, numberOf(1, 5)).number, 5n);
  });
});

describe('an envelope', () => {
  const [payload, signature] = [bytesOf(1, 'payload'), bytesOf(2, 'signature')];

  test('has payload and signature, each once and in this order, then what nobody knows', () => {
    assert.deepEqual(splitEnvelope(concat(payload, signature, bytesOf(9, 'more'))), {
      payload: utf8('payload'),
      signature: utf8('signature'),
    });
  });

  test('may have what is of another type than payload and signature, as orderers keep it', () => {
    for (const parts of [
      [payload, signature, numberOf(1, 5)],
      [payload, bytesOf(9, 'more'), signature],
      [payload, signature, Uint8Array.of(0x5b, 0x5c)],
    ])
      assert.deepEqual(splitEnvelope(concat(...parts)).signature, utf8('signature'));
  });

  test('of another form is refused', () => {
    const tried = [
      [],
      [signature],
      [signature, payload],
      [payload, payload, signature],
      [payload, signature, signature],
      [payload, signature, payload, signature],
      [bytesOf(9, 'more'), payload, signature],
      [numberOf(1, 1), signature],
      [Uint8Array.of(0x5b, 0x5c), payload, signature],
      [concat(Uint8Array.of(0x0a), Uint8Array.of(0x81, 0x00), utf8('p')), signature],
    ];
    for (const parts of tried) assert.throws(() => splitEnvelope(concat(...parts)), refused);
  });
});

describe('DER', () => {
  test('of a number is its shortest form, and read back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 300n }), (value) => {
        assert.equal(readUnsigned(readDer(2, writeUnsigned(value))), value);
      }),
    );
    assert.deepEqual([...writeUnsigned(0n)], [2, 1, 0]);
    assert.deepEqual([...writeUnsigned(128n)], [2, 2, 0, 128]);
  });

  test('of lists of any length is read back', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 70_000]) {
      const whole = writeDer(SEQUENCE, writeDer(4, new Uint8Array(length)));
      assert.equal(readSequence(whole)[0]?.content.length, length);
    }
  });

  test('that is longer than need be, cut off or followed by more is refused', () => {
    const tried = [
      [],
      [0x30],
      [0x30, 0x01],
      [0x30, 0x80, 0, 0],
      [0x30, 0x81, 0x01, 0x05],
      [0x30, 0x82, 0x00, 0x01, 0x05],
      [0x30, 0x00, 0x00],
      [0x1f, 0x01, 0x00],
      [0x31, 0x00],
    ];
    for (const bytes of tried) assert.throws(() => readSequence(Uint8Array.from(bytes)), refused);
    for (const bytes of [
      [2, 0],
      [2, 1, 0x80],
      [2, 2, 0, 1],
      [4, 1, 1],
    ])
      assert.throws(() => readUnsigned(readDer(bytes[0]!, Uint8Array.from(bytes))), refused);
  });
});

describe('a certificate', () => {
  const { certificate } = readVector().people['owner peer']!;

  test('tells its organisational units', () => {
    assert.deepEqual(certificateOf(utf8(certificate)).units, ['peer']);
  });

  test('is the same in every form of PEM that Fabric takes', () => {
    const forms = [
      `text\n${certificate}`,
      `${certificate}text`,
      certificate + certificate,
      certificate.replaceAll('CERTIFICATE', 'OTHER'),
      certificate.replace('-----\n', '-----\nA: b\n\n'),
      certificate.replaceAll('\n', '\r\n'),
      certificate.replace(/\n(.{10})/, '\n$1\t'),
    ];
    const { raw } = certificateOf(utf8(certificate));
    for (const form of forms) assert.deepEqual(certificateOf(utf8(form)).raw, raw);
  });

  test('in a text of a million beginnings or ends is refused at once', () => {
    for (const line of [
      '-----BEGIN X-----\n',
      '\n-----END X-----\n',
      'a:b\n-----END X-----\n',
      '-----BEGIN X-----\na:b\n-----END Y-----\n',
    ])
      assert.throws(() => certificateOf(utf8(line.repeat(100_000))), refused);
  });

  test('that is changed or cut off is refused, or another one', () => {
    const tried = [
      certificate.slice(0, 200),
      `x${certificate}`,
      '',
      '-----BEGIN X-----\n-----END X-----\n',
      certificate.replace('END CERT', 'END X CERT'),
    ];
    for (const pem of tried) assert.throws(() => certificateOf(utf8(pem)), refused);
    fc.assert(
      fc.property(fc.integer({ min: 28, max: certificate.length - 30 }), (at) => {
        const changed = certificate.slice(0, at) + (certificate[at] === 'A' ? 'B' : 'A') + certificate.slice(at + 1);
        try {
          certificateOf(utf8(changed));
        } catch (error) {
          assert.ok(error instanceof RejectedError);
        }
      }),
    );
  });
});

test('the writer of these tests writes numbers as protocol buffers do', () => {
  assert.deepEqual([...varint(300)], [0xac, 0x02]);
});
