import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import {
  type AuditExport,
  type AuditOptions,
  exportAudit,
  formatReport,
  parseExport,
  RejectedError,
  systemArgon2,
  verifyExport,
} from '../app/index.ts';

type KnownBlock = NonNullable<AuditOptions['knownBlock']>;

interface VerifyOptions {
  readonly json?: true;
  readonly ledger?: string;
  readonly block?: KnownBlock;
}

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
    .option('--ledger <id>', 'id of the ledger that the auditor knows from elsewhere', ledgerId)
    .option('--block <number:hash>', 'a block of it that the auditor knows from elsewhere', knownBlock)
    .action(async (file: string, options: VerifyOptions) => {
      const report = await verifyExport(readExport(file), {
        argon2: systemArgon2,
        ...(options.ledger === undefined ? {} : { expectedLedgerId: options.ledger }),
        ...(options.block === undefined ? {} : { knownBlock: options.block }),
      });
      const text = options.json === true ? JSON.stringify(report) : formatReport(report).join('\n');
      process.stdout.write(`${text}\n`);
      process.exitCode = report.passed ? 0 : 1;
    });
  return audit;
}

function ledgerId(text: string): string {
  if (!/^[\w-]{43}$/.test(text)) throw new InvalidArgumentError('A ledger id has 43 characters.');
  return text;
}

function knownBlock(text: string): KnownBlock {
  const [, number, hash] = /^(\d{1,15}):([\w-]{43})$/.exec(text) ?? [];
  if (number === undefined || hash === undefined) {
    throw new InvalidArgumentError('Write the number of the block, a colon, and the 43 characters of its hash: 17:kM3…');
  }
  return { number: Number(number), hash };
}

function readExport(file: string): AuditExport {
  const bytes = readBytes(file);
  try {
    return parseExport(bytes);
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${file}: ${cause.message} Get the file anew from whoever made it.`, { cause });
  }
}

function readBytes(file: string): Uint8Array {
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
