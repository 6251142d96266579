import type { ProofKind } from './proof-format.ts';

export interface Conviction {
  readonly party: 'owner' | 'manufacturer';
  readonly organisation: string;
  /** What it did, in words. */
  readonly of: string;
  /** What the convicted party could show that would shift the blame; absent where nothing can. */
  readonly unless?: string;
}

export interface ProofReport {
  /** True only where the proof holds, for the ledger and channel that the reader named. */
  readonly holds: boolean;
  readonly kind: ProofKind;
  /** Absent where not even the channel document can be read. */
  readonly channel?: {
    readonly id: string;
    readonly ledger: string;
    readonly owner: { readonly org: string; readonly key: string };
    readonly manufacturer: { readonly org: string; readonly key: string };
  };
  readonly n?: number;
  readonly interval?: number;
  /** Absent where the proof does not hold: then nobody is convicted of anything. */
  readonly convicted?: Conviction;
  /** Why it does not hold. */
  readonly fault?: string;
  /** What the conviction rests on, sentence by sentence. */
  readonly rests: readonly string[];
  /** What the reader still has to compare with what it knows from elsewhere. */
  readonly compare: readonly string[];
}

/** What a judgement gives where the proof holds. */
export type Held = Pick<ProofReport, 'n' | 'interval' | 'convicted' | 'rests'>;

/** The report as lines for a terminal. */
export function formatProofReport(report: ProofReport): string[] {
  const { channel, convicted } = report;
  return [
    `Proof of kind ${report.kind}${report.n === undefined ? '' : `, batch ${report.n}`}${report.interval === undefined ? '' : `, interval ${report.interval}`}`,
    ...(channel === undefined
      ? []
      : [
          `  channel       ${channel.id}`,
          `  ledger        ${channel.ledger}`,
          `  owner         ${channel.owner.org}, key ${channel.owner.key}`,
          `  manufacturer  ${channel.manufacturer.org}, key ${channel.manufacturer.key}`,
        ]),
    '',
    ...(convicted === undefined
      ? [`Convicts nobody: ${report.fault ?? ''}`]
      : [
          `Convicts the ${convicted.party}, organisation "${convicted.organisation}": ${convicted.of}`,
          ...(convicted.unless === undefined ? [] : [`  unless ${convicted.unless}`]),
        ]),
    ...section('Rests on:', report.rests),
    ...section('Still to compare with what you know from elsewhere:', report.compare),
    '',
    report.holds ? 'Result: the proof holds.' : 'Result: the proof does not hold.',
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}
