import { accuse, formatProofReport, type LedgerClaim, parseProof, rebut, verifyProof } from '../app/index.ts';
import { readAuditFile, writeAuditFile } from './audit-file.ts';
import { printable, printableJson } from './printable.ts';
import { PROGRAM } from './spoken-paths.ts';

export interface ProofOptions {
  readonly json?: true;
  readonly ledger?: string;
  readonly channel?: string;
}

/** Writes a proof of what the ledger shows. */
export async function accuseTo(
  config: string,
  kind: LedgerClaim['kind'],
  number: number,
  { out, channel }: { readonly out: string; readonly channel?: string },
): Promise<void> {
  const bytes = await accuse(config, claimOf(kind, number), channel);
  writeAuditFile(out, bytes);
  process.stdout.write(`${out}: ${bytes.length} bytes. Verify it anywhere with: ${PROGRAM} audit proof ${out}\n`);
}

/** Writes the proof that turns an owner's accusation round. */
export async function rebutTo(out: string, config: string, accusation: string): Promise<void> {
  const bytes = await rebut(
    config,
    readAuditFile(accusation, (content) => content),
  );
  writeAuditFile(out, bytes);
  process.stdout.write(`${out}: ${bytes.length} bytes. Verify it anywhere with: ${PROGRAM} audit proof ${out}\n`);
}

function claimOf(kind: LedgerClaim['kind'], number: number): LedgerClaim {
  if (kind === 'missing') return { kind, interval: number };
  return kind === 'unsigned' ? { kind, k: number } : { kind, n: number };
}

/** Prints what a proof convicts whom of and sets the exit code: 0 it holds, 1 it does not. */
export async function verifyProofFile(file: string, { json, ledger, channel }: ProofOptions): Promise<void> {
  const report = await verifyProof(readAuditFile(file, parseProof), {
    ...(ledger === undefined ? {} : { expectedLedgerId: ledger }),
    ...(channel === undefined ? {} : { expectedChannel: channel }),
  });
  process.stdout.write(`${json === true ? printableJson(report) : formatProofReport(report).map(printable).join('\n')}\n`);
  process.exitCode = report.holds ? 0 : 1;
}
