import { Command } from 'commander';
import type { ActionsChoice } from './receive-actions-run.ts';

/** `dcmb receive actions`: nothing is loaded before it runs. */
export function receiveActionsCommand(): Command {
  return new Command('actions')
    .description('what the module has done and has still to do; dead letters, and to repeat them')
    .argument('<config>', "dcmb.json of the manufacturer's side")
    .option('--repeat <key>', 'let a dead letter run again, by its key, or all of them by "all"')
    .option('--json', 'print one JSON object a line for each action')
    .action(async (config: string, options: ActionsChoice) => (await import('./receive-actions-run.ts')).showActions(config, options));
}
