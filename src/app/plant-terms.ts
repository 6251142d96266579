import { type AgreementTerms, readAgreementTerms } from '../agreement/index.ts';
import { readText } from './config.ts';

export interface Cadence {
  /** Length of an interval, ms. */
  readonly intervalMs: number;
  /** Intervals an epoch, a power of two. */
  readonly epochIntervals: number;
}

export interface TermsSource {
  /** File with an agreement's terms; where absent, terms are made from the cadence. */
  readonly termsFile?: string;
  readonly cadence: Cadence;
}

export interface PlantTerms {
  readonly terms: AgreementTerms;
  /** As a person may read and edit them. */
  readonly text: string;
}

const VALID_YEARS = 5;
/** Calls need a finer grid; four points an interval leave room for two. */
const CALL_GRID_POINTS = 4;
const LEAST_CALL_GRID_MS = 100;

/** The terms of a new plant's agreement. @throws RejectedError `BAD_FILE`, `BAD_CONFIG` in one sentence with file and remedy */
export function plantTerms({ termsFile, cadence }: TermsSource, nowMs: number): PlantTerms {
  const text = termsFile === undefined ? termsText(cadence, nowMs) : readText(termsFile);
  return { terms: readAgreementTerms(termsFile ?? 'agreement-terms.json', text), text };
}

function termsText({ intervalMs, epochIntervals }: Cadence, nowMs: number): string {
  const from = new Date(nowMs);
  const to = new Date(nowMs);
  to.setUTCFullYear(to.getUTCFullYear() + VALID_YEARS);
  return `// What owner and manufacturer have agreed on besides keys and conditions. It is signed, so changing this file changes
// nothing any more: edit a copy, and make a new plant with dcmb init FOLDER --terms COPY.
{
  "$schema": "schemas/agreement-terms.schema.json",
  "purpose": "Maintenance of the machine",
  // Each interval ends on the UTC grid with one batch on the ledger.
  "interval": ${intervalTerms(intervalMs)},
  // Intervals that one co-signed epoch record covers.
  "epoch": { "intervals": ${epochIntervals} },
  "validity": { "from": "${instant(from)}", "to": "${instant(to)}" }
}
`;
}

function intervalTerms(intervalMs: number): string {
  const grid = intervalMs / CALL_GRID_POINTS;
  const calls = Number.isInteger(grid) && grid >= LEAST_CALL_GRID_MS ? `, "calls": 2, "callGridMs": ${grid}` : '';
  return `{ "lengthMs": ${intervalMs}${calls} }`;
}

function instant(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
