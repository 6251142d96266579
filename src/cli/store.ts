import { Command } from 'commander';

interface Json {
  readonly json?: true;
  readonly channel?: string;
}

const CONFIG = "either side's configuration";
const CHANNEL = 'which channel, for an owner with several manufacturers';
const AS_JSON = 'print the result as one JSON object';

export function storeCommand(): Command {
  const store = new Command('store').description("a module's store: sizes, check, compact, backup, restore");
  store
    .command('sizes')
    .description('what takes how much room; works beside a running module')
    .argument('<config>', CONFIG)
    .option('--channel <name>', CHANNEL)
    .option('--json', AS_JSON)
    .action(async (config: string, options: Json) => (await import('./store-run.ts')).showSizes(config, options));
  store
    .command('check')
    .description('recompute every hash and verify every signature: exit code 0 sound, 1 faults found; works beside a running module')
    .argument('<config>', CONFIG)
    .option('--channel <name>', CHANNEL)
    .option('--json', AS_JSON)
    .action(async (config: string, options: Json) => (await import('./store-run.ts')).check(config, options));
  store
    .command('compact')
    .description('give back the room of what was erased; the module must be stopped')
    .argument('<config>', CONFIG)
    .option('--channel <name>', CHANNEL)
    .option('--json', AS_JSON)
    .action(async (config: string, options: Json) => (await import('./store-run.ts')).compact(config, options));
  store
    .command('backup')
    .description('copy the store into a new file, without the keys of readings and seeds; works beside a running module')
    .argument('<config>', CONFIG)
    .option('--channel <name>', CHANNEL)
    .option('-o, --out <file>', 'where to write it; without: beside the store, named after the time')
    .option('--json', AS_JSON)
    .action(async (config: string, options: Json & { readonly out?: string }) => (await import('./store-run.ts')).backUp(config, options));
  store
    .command('restore')
    .description("put a backup in the store's place, keeping what stands there beside it; the module must be stopped")
    .argument('<config>', CONFIG)
    .argument('[backup]', 'file that `store backup` wrote; without: decide on the store that stands there')
    .option('--channel <name>', CHANNEL)
    .option('--accept-old', "take up a store that is older than the ledger: the owner's for its proofs alone, the manufacturer's to go on")
    .option('--json', AS_JSON)
    .action(async (config: string, backup: string | undefined, options: Json & { readonly acceptOld?: true }) =>
      (await import('./store-run.ts')).restore(config, backup, options),
    );
  return store;
}
