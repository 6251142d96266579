import { chmodSync, writeFileSync } from 'node:fs';
import { type AuditOptions, exportAudit, formatReport, parseExport, RejectedError, systemArgon2, verifyExport } from '../app/index.ts';
import { codeOf, readAuditFile } from './audit-file.ts';
import { PROGRAM } from './spoken-paths.ts';

export type KnownBlock = NonNullable<AuditOptions['knownBlock']>;

export interface VerifyOptions {
  readonly json?: true;
  readonly ledger?: string;
  readonly block?: KnownBlock;
}

/** Writes what an auditor needs of one side's store and the ledger. */
export async function exportTo(out: string, config: string): Promise<void> {
  const bytes = await exportAudit(config);
  writeOut(out, bytes);
  process.stdout.write(`${out}: ${bytes.length} bytes. Verify it anywhere with: ${PROGRAM} audit verify ${out}\n`);
}

/** Prints the report of an export and sets the exit code: 0 all proven, 1 findings. */
export async function verifyFile(file: string, { json, ledger, block }: VerifyOptions): Promise<void> {
  const report = await verifyExport(readAuditFile(file, parseExport), {
    argon2: systemArgon2,
    ...(ledger === undefined ? {} : { expectedLedgerId: ledger }),
    ...(block === undefined ? {} : { knownBlock: block }),
  });
  process.stdout.write(`${json === true ? JSON.stringify(report) : formatReport(report).join('\n')}\n`);
  process.exitCode = report.passed ? 0 : 1;
}

/** For its owner's eyes alone: an export has every condition in the clear. */
function writeOut(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (cause) {
    throw new RejectedError('BAD_FILE', `${file} can't be written (${codeOf(cause)}). Check the path and its rights.`, { cause });
  }
}
