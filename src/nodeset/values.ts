import { DataType, type DataValue, Variant, VariantArrayType } from 'node-opcua';
import { RejectedError, type UaType, type UaValue } from '../core/index.ts';

/*
 * Between the module's own value type and node-opcua's. Server and client both need it and may not import each other.
 * A tag is one value; an array stands for as many tags as it has elements.
 */

export type ValueErrorCode = 'NOT_SCALAR' | 'NOT_ARRAY' | 'TYPE_NOT_SUPPORTED';

/** The name of each of our types is the name of the OPC UA built-in type (OPC UA Part 6, clause 5.1.2). */
const DATA_TYPES: Readonly<Record<UaType, DataType>> = {
  Boolean: DataType.Boolean,
  SByte: DataType.SByte,
  Byte: DataType.Byte,
  Int16: DataType.Int16,
  UInt16: DataType.UInt16,
  Int32: DataType.Int32,
  UInt32: DataType.UInt32,
  Int64: DataType.Int64,
  UInt64: DataType.UInt64,
  Float: DataType.Float,
  Double: DataType.Double,
  String: DataType.String,
  DateTime: DataType.DateTime,
  ByteString: DataType.ByteString,
};

const UA_TYPE_OF = new Map(Object.entries(DATA_TYPES).map(([type, dataType]) => [dataType, type as UaType]));

export function dataTypeOf(type: UaType): DataType {
  return DATA_TYPES[type];
}

/** Undefined for types that a tag cannot have, Null included. */
export function uaTypeOf(dataType: DataType): UaType | undefined {
  return UA_TYPE_OF.get(dataType);
}

export function toVariant(value: UaValue): Variant {
  return new Variant({ dataType: DATA_TYPES[value.type], arrayType: VariantArrayType.Scalar, value: toForeign(value) });
}

/**
 * The one value in a variant. Undefined for Null and for a null String or ByteString, which carry none.
 * @throws RejectedError `NOT_SCALAR` for an array or matrix, `TYPE_NOT_SUPPORTED` for a type that a tag cannot have
 */
export function fromVariant(variant: Variant): UaValue | undefined {
  if (variant.arrayType !== VariantArrayType.Scalar) {
    throw new RejectedError<ValueErrorCode>('NOT_SCALAR', 'A tag takes one value; an array was given.');
  }
  if (variant.dataType === DataType.Null) return undefined;
  const type = UA_TYPE_OF.get(variant.dataType);
  if (type === undefined) {
    throw new RejectedError<ValueErrorCode>('TYPE_NOT_SUPPORTED', `A tag cannot have the OPC UA type ${DataType[variant.dataType]}.`);
  }
  const foreign: unknown = variant.value;
  if (foreign === null || foreign === undefined) return undefined;
  return { type, value: toOwn(type, foreign) };
}

/**
 * The values in a variant that holds an array, or in a scalar ByteString where bytes are wanted: both are the same on the wire
 * of some clients, and a server takes either (OPC UA Part 4, clause 5.11.4.2). Undefined for Null, which carries no values.
 * @throws RejectedError `NOT_ARRAY` for one value, a matrix or an element without value, `TYPE_NOT_SUPPORTED`
 */
export function valuesOf(variant: Variant, wanted: UaType): readonly UaValue[] | undefined {
  const { dataType, arrayType } = variant;
  const foreign: unknown = variant.value;
  if (dataType === DataType.Null) return undefined;
  if (arrayType === VariantArrayType.Scalar && dataType === DataType.ByteString && wanted === 'Byte' && foreign instanceof Uint8Array) {
    return Array.from(foreign, (value) => ({ type: 'Byte', value }));
  }
  const type = UA_TYPE_OF.get(dataType);
  if (type === undefined) {
    throw new RejectedError<ValueErrorCode>('TYPE_NOT_SUPPORTED', `A tag cannot have the OPC UA type ${DataType[dataType]}.`);
  }
  if (arrayType !== VariantArrayType.Array || foreign === null || foreign === undefined) throw notArray();
  return Array.from(foreign as ArrayLike<unknown>, (element) => {
    if (element === null || element === undefined) throw notArray();
    return { type, value: toOwn(type, element) };
  });
}

function notArray(): RejectedError<ValueErrorCode> {
  return new RejectedError('NOT_ARRAY', 'This tag takes an array of values.');
}

/** An array of values, all of one type, as a variant. */
export function toArrayVariant(type: UaType, values: readonly UaValue[]): Variant {
  return new Variant({ dataType: DATA_TYPES[type], arrayType: VariantArrayType.Array, value: values.map(toForeign) });
}

/** What a data value says. */
export interface DataValueReading {
  readonly value: UaValue | undefined;
  /** OPC UA StatusCode, unsigned 32 bits, info bits included. */
  readonly status: number;
  /** Source timestamp, ms since 1970; undefined where the source gave none. */
  readonly sourceMs: number | undefined;
}

/** @throws RejectedError `NOT_SCALAR` or `TYPE_NOT_SUPPORTED`, see {@link fromVariant} */
export function readingOf(dataValue: DataValue): DataValueReading {
  return {
    value: fromVariant(dataValue.value),
    status: dataValue.statusCode.value >>> 0,
    sourceMs: dataValue.sourceTimestamp?.getTime(),
  };
}

/** node-opcua holds 64-bit integers as [high, low], both unsigned, and DateTime as Date. */
function toForeign({ type, value }: UaValue): unknown {
  if (type === 'Int64' || type === 'UInt64') {
    const bits = BigInt.asUintN(64, value as bigint);
    return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
  }
  if (type === 'DateTime') return new Date(Number(value));
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

function toOwn(type: UaType, foreign: unknown): UaValue['value'] {
  if (type === 'Int64' || type === 'UInt64') {
    const [high, low] = foreign as readonly [number, number];
    const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    return type === 'Int64' ? BigInt.asIntN(64, bits) : bits;
  }
  if (type === 'DateTime') return BigInt((foreign as Date).getTime());
  if (type === 'ByteString') return Uint8Array.from(foreign as Uint8Array);
  return foreign as boolean | number | string;
}
