import * as opcua from 'node-opcua';
import type { SeededRandom } from '../crash/random.ts';

/*
 * Values for the fields of service requests: mostly such as a client could mean, then the edges of their types, then what
 * no client would send. What the server handed out (nodes, subscriptions, continuation points) is used again.
 */

/** A field of a structure, as node-opcua's schemas describe it. */
interface Field {
  readonly name: string;
  readonly fieldType: string;
  readonly category?: string;
  readonly isArray?: boolean;
}

type Structure = Record<string, unknown> & { readonly schema: { readonly name: string; readonly fields: readonly Field[] } };
type StructureClass = new () => Structure;

/** What the server has said that a hostile client would try again. */
export class Heard {
  readonly nodeIds: opcua.NodeId[] = [];
  readonly numbers: number[] = [1];
  readonly bytes: Buffer[] = [];

  number(value: number): void {
    bounded(this.numbers, value, 200);
  }

  continuation(value: Buffer): void {
    bounded(this.bytes, value, 20);
  }
}

const NUMBERS = [0, 1, 2, 3, 10, 100, 1000, 10_000, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const DOUBLES = [0, -1, 1, 0.5, 10, 50, 1000, 1e300, -1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 63];
const TEXTS = [
  '',
  '0',
  '0:1',
  '1:0',
  '0:4294967295',
  '0:1,0:1',
  'x',
  'en',
  'de-DE',
  '/0:Objects',
  'urn:dcmb:instance',
  'opc.tcp://localhost:1',
  '\u0000',
  '\ud800',
  'ß'.repeat(300),
  '__proto__',
  'constructor',
];
/** What stands in fields that take any structure: filters, details of history, identities, and what belongs in none. */
const STRUCTURES = [
  'DataChangeFilter',
  'EventFilter',
  'AggregateFilter',
  'ReadRawModifiedDetails',
  'ReadEventDetails',
  'ReadProcessedDetails',
  'ReadAtTimeDetails',
  'AnonymousIdentityToken',
  'UserNameIdentityToken',
  'X509IdentityToken',
  'IssuedIdentityToken',
  'ElementOperand',
  'LiteralOperand',
  'AttributeOperand',
  'SimpleAttributeOperand',
  'EventNotificationList',
  'ReadRequest',
  'Argument',
];
const DEEPEST = 5;

export class Values {
  readonly #random: SeededRandom;
  readonly heard: Heard;

  constructor(random: SeededRandom, heard: Heard) {
    this.#random = random;
    this.heard = heard;
  }

  /** A structure with all its fields filled; the header of a request is left as it is. */
  structure(name: string, depth = 0): Structure {
    const made = newStructure(name);
    if (depth > DEEPEST) return made;
    for (const field of made.schema.fields) {
      // The header is made when the request is sent; some structures node-opcua keeps to itself.
      if (field.fieldType === 'RequestHeader' || (field.category === 'complex' && !isKnown(field.fieldType))) continue;
      const plain = made[field.name];
      made[field.name] = field.isArray === true ? this.#array(field, depth) : this.#one(field, depth, plain);
    }
    return made;
  }

  #array(field: Field, depth: number): unknown[] {
    const length = this.#chance(0.9) ? this.#random.between(1, 3) : this.#pick([0, 20, 200]);
    return Array.from({ length: depth > 1 ? Math.min(length, 3) : length }, () => this.#one(field, depth, undefined));
  }

  #one(field: Field, depth: number, plain: unknown): unknown {
    if (field.category === 'enumeration') return this.#chance(0.9) ? (plain ?? 0) : this.#random.between(0, 5);
    if (field.category === 'complex') return this.structure(field.fieldType, depth + 1);
    if (field.name === 'attributeId') return this.#chance(0.95) ? this.#random.between(1, 27) : this.#pick(NUMBERS);
    return this.#basic(field.fieldType, depth, plain);
  }

  #basic(type: string, depth: number, plain: unknown): unknown {
    switch (type) {
      case 'NodeId':
      case 'ExpandedNodeId':
        return this.#nodeId(type);
      case 'Boolean':
        return this.#chance(0.5);
      case 'String':
      case 'CharArray':
      case 'LocaleId':
      case 'XmlElement':
        return this.#chance(0.1) ? null : this.#pick(TEXTS);
      case 'NumericRange':
        return this.#chance(0.7) ? plain : new opcua.NumericRange(this.#pick(TEXTS));
      case 'ByteString':
      case 'ContinuationPoint':
        return this.#bytes();
      case 'Double':
      case 'Float':
      case 'Duration':
        return this.#pick(DOUBLES);
      case 'DateTime':
      case 'UtcTime':
        return this.#pick([null, new Date(0), new Date(), new Date(8.64e15), opcua.minOPCUADate]);
      case 'Guid':
        return '12345678-1234-1234-1234-123456789abc';
      case 'QualifiedName':
        return new opcua.QualifiedName({ name: this.#pick(TEXTS), namespaceIndex: this.#random.between(0, 6) });
      case 'LocalizedText':
        return new opcua.LocalizedText({ text: this.#pick(TEXTS), locale: this.#pick(TEXTS) });
      default:
        return this.#nested(type, depth, plain);
    }
  }

  #nested(type: string, depth: number, plain: unknown): unknown {
    switch (type) {
      case 'ExtensionObject':
        return this.#chance(0.15) ? null : this.structure(this.#pick(STRUCTURES), depth + 1);
      case 'Variant':
        return this.variant(depth + 1);
      case 'DataValue':
        return new opcua.DataValue({ value: this.variant(depth + 1), ...(this.#chance(0.5) ? { sourceTimestamp: new Date() } : {}) });
      case 'DiagnosticInfo':
        return new opcua.DiagnosticInfo({ additionalInfo: this.#pick(TEXTS) });
      case 'StatusCode':
        return this.#pick([opcua.StatusCodes.Good, opcua.StatusCodes.BadUnexpectedError]);
      case 'SByte':
      case 'Int16':
      case 'Int32':
        return this.#random.between(-128, 127);
      case 'Byte':
        return this.#random.between(0, 255);
      case 'UInt16':
        return this.#random.between(0, 65_535);
      default:
        return typeof plain === 'object' && plain !== null ? plain : this.#number();
    }
  }

  /** A value of a type that a tag or an argument could have, or of one that none has. */
  variant(depth = 0): opcua.Variant {
    const scalar = this.#pick<() => opcua.VariantOptions>([
      () => ({ dataType: 'UInt32', value: this.#number() }),
      () => ({ dataType: 'Double', value: this.#pick(DOUBLES) }),
      () => ({ dataType: 'Float', value: this.#pick(DOUBLES) }),
      () => ({ dataType: 'String', value: this.#pick(TEXTS) }),
      () => ({ dataType: 'Boolean', value: this.#chance(0.5) }),
      () => ({ dataType: 'ByteString', value: this.#bytes() }),
      () => ({ dataType: 'NodeId', value: this.#nodeId('NodeId') }),
      () => ({ dataType: 'DateTime', value: new Date(0) }),
      () => ({ dataType: 'Null' }),
      () => ({ dataType: 'UInt64', arrayType: 'Scalar', value: [2 ** 32 - 1, 2 ** 32 - 1] }),
      () => ({ dataType: 'Int32', arrayType: 'Array', value: new Int32Array(this.#random.between(0, 50)) }),
      () => ({ dataType: 'UInt32', arrayType: 'Matrix', dimensions: [2, 2], value: new Uint32Array(4) }),
      () =>
        depth > DEEPEST ? { dataType: 'Null' } : { dataType: 'ExtensionObject', value: this.structure(this.#pick(STRUCTURES), depth + 1) },
      () => (depth > DEEPEST ? { dataType: 'Null' } : { dataType: 'Variant', arrayType: 'Array', value: [this.variant(depth + 1)] }),
    ]);
    return new opcua.Variant(scalar());
  }

  #nodeId(type: 'NodeId' | 'ExpandedNodeId'): opcua.NodeId {
    const { nodeIds } = this.heard;
    const known = nodeIds.length > 0 && this.#chance(0.9) ? this.#pick(nodeIds) : undefined;
    const made = known ?? opcua.resolveNodeId(this.#pick(['ns=0;i=2253', 'ns=99;i=1', 'ns=3;s=__proto__', 'i=0', 'ns=1;b=AAAA']));
    return type === 'NodeId' ? made : new opcua.ExpandedNodeId(made.identifierType, made.value, made.namespace);
  }

  #number(): number {
    return this.#chance(0.6) ? this.#pick(this.heard.numbers) : this.#pick(NUMBERS);
  }

  #bytes(): Buffer | null {
    if (this.heard.bytes.length > 0 && this.#chance(0.5)) return this.#pick(this.heard.bytes);
    return this.#chance(0.2) ? null : Buffer.alloc(this.#pick([0, 1, 8, 32, 300]), this.#random.between(0, 255));
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.between(0, items.length - 1)]!;
  }

  #chance(of: number): boolean {
    return this.#random.next() < of;
  }
}

const CLASSES = opcua as unknown as Record<string, StructureClass | undefined>;

function isKnown(name: string): boolean {
  return CLASSES[name] !== undefined;
}

export function newStructure(name: string): Structure {
  const Class = CLASSES[name];
  if (Class === undefined) throw new Error(`node-opcua has no ${name}.`);
  return new Class();
}

function bounded<Item>(list: Item[], item: Item, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}
