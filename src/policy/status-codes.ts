/*
 * OPC UA status codes as conditions list them (OPC UA Part 4, clause 7.39). Only the upper 16 bits name the code; the
 * lower 16 are flags (limits, overflow, historian) that a machine may set on any of them.
 */

/** Codes that turn up on machine values, by the names of OPC UA Part 4 and Part 8. */
const BY_NAME: Readonly<Record<string, number>> = {
  Good: 0x00000000,
  GoodClamped: 0x00300000,
  GoodLocalOverride: 0x00960000,
  Uncertain: 0x40000000,
  UncertainNoCommunicationLastUsableValue: 0x408f0000,
  UncertainLastUsableValue: 0x40900000,
  UncertainSubstituteValue: 0x40910000,
  UncertainInitialValue: 0x40920000,
  UncertainSensorNotAccurate: 0x40930000,
  UncertainEngineeringUnitsExceeded: 0x40940000,
  UncertainSubNormal: 0x40950000,
  Bad: 0x80000000,
  BadCommunicationError: 0x80050000,
  BadNoCommunication: 0x80310000,
  BadWaitingForInitialData: 0x80320000,
  BadOutOfRange: 0x803c0000,
  BadConfigurationError: 0x80890000,
  BadNotConnected: 0x808a0000,
  BadDeviceFailure: 0x808b0000,
  BadSensorFailure: 0x808c0000,
  BadOutOfService: 0x808d0000,
};

/** A status code without its flag bits, as an unsigned 32-bit number. */
export function withoutFlags(status: number): number {
  return (status & 0xffff0000) >>> 0;
}

/** Reads a name or `0x` and 8 hexadecimal digits; undefined where it is neither, or has flag bits. */
export function statusCodeOf(text: string): number | undefined {
  if (Object.hasOwn(BY_NAME, text)) return BY_NAME[text];
  if (!/^0x[0-9A-Fa-f]{8}$/.test(text)) return undefined;
  const code = Number.parseInt(text, 16);
  return withoutFlags(code) === code ? code : undefined;
}

export type Quality = 'good' | 'uncertain' | 'bad';

/** The severity bits of a status code; the reserved pattern 11 counts as bad. */
export function qualityOf(status: number): Quality {
  const severity = status >>> 30;
  return severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad';
}
