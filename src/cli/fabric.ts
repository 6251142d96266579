import { Command } from 'commander';
import { wholeNumberFrom } from './duration.ts';
import type { FolderArguments, UpArguments } from './fabric-run.ts';

const MOST_CERTIFIERS = 14;

export function fabricCommand(): Command {
  const fabric = new Command('fabric').description('a Hyperledger Fabric network for development on this machine, without Docker');
  command(fabric, 'up', 'bring it up, or go on where that was cut off; builds what is missing, which needs Go and a minute or two')
    .option(
      '--certifiers <number>',
      'certification organisations beside owner and manufacturer (default: 1)',
      wholeNumberFrom(0, MOST_CERTIFIERS),
    )
    .option(
      '--first-port <number>',
      'first of 5 ports in a row, and 3 for each organisation (default: 17050)',
      wholeNumberFrom(1024, 65_535),
    )
    .option('--binaries <folder>', "folder of Fabric's commands")
    .action(async (options: UpArguments) => (await import('./fabric-run.ts')).up(options));
  command(fabric, 'status', 'what runs, and where: exit code 0 all of it, 1 not all').action(async (options: FolderArguments) =>
    (await import('./fabric-run.ts')).status(options),
  );
  command(fabric, 'down', 'stop it; what it has stored stays').action(async (options: FolderArguments) =>
    (await import('./fabric-run.ts')).down(options),
  );
  command(fabric, 'reset', 'stop it and remove its ledgers, keys and all else').action(async (options: FolderArguments) =>
    (await import('./fabric-run.ts')).reset(options),
  );
  return fabric;
}

function command(fabric: Command, name: string, description: string): Command {
  return fabric
    .command(name)
    .description(description)
    .option('--folder <folder>', 'where the network is kept (default: fabric/network)')
    .option('--json', 'print the result as one JSON object');
}
