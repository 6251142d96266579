/** Versions of the protocol between modules that this program speaks: methods, documents and evidence formats together. */
export const PROTOCOL_VERSIONS: readonly number[] = [0];

/** What a module speaks that does not say it. */
export const UNSAID_VERSIONS: readonly number[] = [0];

/** The greatest version that both speak, or undefined. */
export function commonVersion(own: readonly number[], other: readonly number[]): number | undefined {
  const common = own.filter((version) => other.includes(version));
  return common.length === 0 ? undefined : Math.max(...common);
}
