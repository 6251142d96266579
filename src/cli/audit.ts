import { Argument, Command, InvalidArgumentError } from 'commander';
import type { LedgerClaim } from '../app/index.ts';
import type { ProofOptions } from './audit-proof.ts';
import type { KnownBlock, VerifyOptions } from './audit-run.ts';

const CHANNEL = 'which channel, for an owner with several manufacturers';

interface OutOptions {
  readonly out: string;
  readonly channel?: string;
}

const LEDGER_CLAIMS: readonly LedgerClaim['kind'][] = ['late', 'missing', 'skipped', 'unreceipted', 'unsigned'];

export function auditCommand(): Command {
  const audit = new Command('audit').description('evidence for an auditor: export, verify, accuse, rebut, proof');
  audit
    .command('export')
    .description('write one self-contained file with everything an auditor needs; no raw value is in it')
    .argument('<config>', "either side's configuration")
    .option('-o, --out <file>', 'where to write it', 'audit-export.json')
    .option('--channel <name>', CHANNEL)
    .action(async (config: string, { out, channel }: OutOptions) => (await import('./audit-run.ts')).exportTo(out, config, channel));
  audit
    .command('verify')
    .description('verify an export offline: exit code 0 all proven, 1 findings, 2 unreadable')
    .argument('<file>')
    .option('--json', 'print the report as one JSON object')
    .option('--ledger <id>', 'id of the ledger that the auditor knows from elsewhere', ledgerId)
    .option('--block <number:hash>', 'a block of it that the auditor knows from elsewhere', knownBlock)
    .action(async (file: string, options: VerifyOptions) => (await import('./audit-run.ts')).verifyFile(file, options));
  audit
    .command('accuse')
    .description('write a proof file of what the ledger shows: a missed deadline, a batch passed over')
    .argument('<config>', "either side's configuration")
    .addArgument(new Argument('<kind>', 'what is claimed').choices(LEDGER_CLAIMS))
    .argument('<number>', 'batch number; the interval for `missing`, the number of the epoch record for `unsigned`', wholeNumber)
    .option('-o, --out <file>', 'where to write it', 'proof.json')
    .option('--channel <name>', CHANNEL)
    .action(async (config: string, kind: LedgerClaim['kind'], number: number, options: OutOptions) =>
      (await import('./audit-proof.ts')).accuseTo(config, kind, number, options),
    );
  audit
    .command('rebut')
    .description('turn a `receipt` proof round: a fork proof, where the owner has signed two headers for one batch')
    .argument('<config>', "the manufacturer's configuration")
    .argument('<accusation>', "the owner's proof file")
    .option('-o, --out <file>', 'where to write it', 'proof.json')
    .action(async (config: string, accusation: string, { out }: { out: string }) =>
      (await import('./audit-proof.ts')).rebutTo(out, config, accusation),
    );
  audit
    .command('proof')
    .description('verify a proof file offline: exit code 0 it holds, 1 it does not, 2 unreadable')
    .argument('<file>')
    .option('--json', 'print the report as one JSON object')
    .option('--ledger <id>', 'id of the ledger that the reader knows from elsewhere', ledgerId)
    .option('--channel <id>', 'id of the channel that the reader knows from elsewhere', channelId)
    .action(async (file: string, options: ProofOptions) => (await import('./audit-proof.ts')).verifyProofFile(file, options));
  return audit;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

function ledgerId(text: string): string {
  if (!/^[\w-]{43}$/.test(text)) throw new InvalidArgumentError('A ledger id has 43 characters.');
  return text;
}

function channelId(text: string): string {
  if (!/^[\w-]{43}$/.test(text)) throw new InvalidArgumentError('A channel id has 43 characters.');
  return text;
}

function knownBlock(text: string): KnownBlock {
  const [, number, hash] = /^(\d{1,15}):([\w-]{43})$/.exec(text) ?? [];
  if (number === undefined || hash === undefined) {
    throw new InvalidArgumentError('Write the number of the block, a colon, and the 43 characters of its hash: 17:kM3…');
  }
  return { number: Number(number), hash };
}
