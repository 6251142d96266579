import { formatProofReport, parseProof, verifyProof } from '../app/index.ts';
import { readAuditFile } from './audit-file.ts';

export interface ProofOptions {
  readonly json?: true;
  readonly ledger?: string;
  readonly channel?: string;
}

/** Prints what a proof convicts whom of and sets the exit code: 0 it holds, 1 it does not. */
export async function verifyProofFile(file: string, { json, ledger, channel }: ProofOptions): Promise<void> {
  const report = await verifyProof(readAuditFile(file, parseProof), {
    ...(ledger === undefined ? {} : { expectedLedgerId: ledger }),
    ...(channel === undefined ? {} : { expectedChannel: channel }),
  });
  process.stdout.write(`${json === true ? JSON.stringify(report) : formatProofReport(report).join('\n')}\n`);
  process.exitCode = report.holds ? 0 : 1;
}
