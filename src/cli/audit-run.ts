import { type AuditOptions, exportAudit, formatReport, parseExport, systemArgon2, verifyExport } from '../app/index.ts';
import { readAuditFile, writeAuditFile } from './audit-file.ts';
import { printable, printableJson } from './printable.ts';
import { PROGRAM } from './spoken-paths.ts';

export type KnownBlock = NonNullable<AuditOptions['knownBlock']>;

export interface VerifyOptions {
  readonly json?: true;
  readonly ledger?: string;
  readonly block?: KnownBlock;
}

/** Writes what an auditor needs of one side's store and the ledger. */
export async function exportTo(out: string, config: string, channel?: string): Promise<void> {
  const bytes = await exportAudit(config, channel);
  writeAuditFile(out, bytes);
  process.stdout.write(`${out}: ${bytes.length} bytes. Verify it anywhere with: ${PROGRAM} audit verify ${out}\n`);
}

/** Prints the report of an export and sets the exit code: 0 all proven, 1 findings. */
export async function verifyFile(file: string, { json, ledger, block }: VerifyOptions): Promise<void> {
  const report = await verifyExport(readAuditFile(file, parseExport), {
    argon2: systemArgon2,
    ...(ledger === undefined ? {} : { expectedLedgerId: ledger }),
    ...(block === undefined ? {} : { knownBlock: block }),
  });
  process.stdout.write(`${json === true ? printableJson(report) : formatReport(report).map(printable).join('\n')}\n`);
  process.exitCode = report.passed ? 0 : 1;
}
