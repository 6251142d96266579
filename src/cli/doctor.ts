import { Command } from 'commander';
import type { DoctorOptions } from './doctor-run.ts';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('look at everything between a module and its ledger and say what is wrong: exit code 0 all is well, 1 something is not')
    .argument('<config>', "either side's configuration")
    .option('--json', 'print the findings as one JSON object')
    .option('--channel <name>', 'which channel, for an owner with several manufacturers')
    .action(async (config: string, options: DoctorOptions) => (await import('./doctor-run.ts')).runDoctor(config, options));
}
