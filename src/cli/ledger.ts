import { Command } from 'commander';
import { fabricNameOptions } from './fabric-place.ts';
import type { LedgerArguments, LedgerTerms } from './ledger-run.ts';

const MEMBER = 'MSP id of a member, once for each (default: all organisations of the Fabric channel)';

export function ledgerCommand(): Command {
  const ledger = new Command('ledger').description('the ledger of an evidence chaincode on a Fabric network');
  onFabric(ledger, 'create', 'give a chaincode that has no ledger yet its genesis, once and for all members')
    .requiredOption('--name <text>', 'name of the ledger, for people')
    .option('--member <id...>', MEMBER)
    .option('--certification <name>', 'name of the certification chaincode (default: certification)')
    .option('--certification-required', 'mark batches of modules that are not certified')
    .option('--test-network', 'nothing of value hangs on it: simulated attestation is admitted')
    .action(async (options: LedgerArguments & LedgerTerms) => (await import('./ledger-run.ts')).create(options));
  onFabric(ledger, 'show', 'id and genesis of the ledger that is there').action(async (options: LedgerArguments) =>
    (await import('./ledger-run.ts')).show(options),
  );
  return ledger;
}

function onFabric(ledger: Command, name: string, description: string): Command {
  const command = ledger
    .command(name)
    .description(description)
    .requiredOption('--profile <file>', "connection profile of one's own organisation")
    .requiredOption('--msp <folder>', 'MSP folder of a client of it');
  for (const option of fabricNameOptions()) command.addOption(option);
  return command.option('--json', 'print the result as one JSON object');
}
