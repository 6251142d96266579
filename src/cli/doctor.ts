import { Command } from 'commander';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('look at everything between a module and its ledger and say what is wrong: exit code 0 all is well, 1 something is not')
    .argument('<config>', "either side's configuration")
    .option('--json', 'print the findings as one JSON object')
    .action(async (config: string, options: { readonly json?: true }) => (await import('./doctor-run.ts')).runDoctor(config, options));
}
