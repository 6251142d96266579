import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { exportAudit, formatReport, parseExport, RejectedError, systemArgon2, verifyExport } from '../app/index.ts';

export function auditCommand(): Command {
  const audit = new Command('audit').description('evidence for an auditor: export, verify');
  audit
    .command('export')
    .description('write one self-contained file with everything an auditor needs; no raw value is in it')
    .argument('<config>', "either side's configuration")
    .option('-o, --out <file>', 'where to write it', 'audit-export.json')
    .action(async (config: string, { out }: { out: string }) => {
      const bytes = await exportAudit(config);
      writeOut(out, bytes);
      process.stdout.write(`${out}: ${bytes.length} bytes. Verify it anywhere with: dcmb audit verify ${out}\n`);
    });
  audit
    .command('verify')
    .description('verify an export offline: exit code 0 all proven, 1 findings, 2 unreadable')
    .argument('<file>')
    .option('--json', 'print the report as one JSON object')
    .option('--ledger <id>', 'id of the ledger that the auditor knows from elsewhere')
    .action(async (file: string, options: { json?: true; ledger?: string }) => {
      const exported = parseExport(readExport(file));
      const expected = options.ledger === undefined ? {} : { expectedLedgerId: options.ledger };
      const report = await verifyExport(exported, { argon2: systemArgon2, ...expected });
      const text = options.json === true ? JSON.stringify(report) : formatReport(report).join('\n');
      process.stdout.write(`${text}\n`);
      process.exitCode = report.passed ? 0 : 1;
    });
  return audit;
}

function readExport(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new RejectedError('BAD_FILE', `${file} can't be read (${codeOf(cause)}). Check the path and its rights.`, { cause });
  }
}

function writeOut(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (cause) {
    throw new RejectedError('BAD_FILE', `${file} can't be written (${codeOf(cause)}). Check the path and its rights.`, { cause });
  }
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'unknown fault';
}
