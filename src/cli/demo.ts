import { Command, Option } from 'commander';
import { numberFrom, parseDuration, wholeNumberFrom } from './duration.ts';
import type { DemoOptions } from './demo-run.ts';

export function demoCommand(): Command {
  return new Command('demo')
    .description('owner, manufacturer and a simulated PLC on one machine, fed with real turbofan data')
    .option('--for <duration>', 'stop by itself after this time, such as 20s', parseDuration)
    .option('--json', 'print one JSON object with what happened as the last line')
    .addOption(
      new Option('--ledger <kind>', 'where evidence is anchored: a file, or the Fabric network that runs, or one that is brought up')
        .choices(['embedded', 'fabric'])
        .default('embedded'),
    )
    .option('--port <number>', 'port of the ingest server; the other servers take the next two', wholeNumberFrom(1, 65_533), 48_400)
    .option('--rate <rows>', 'flight cycles a second that the simulated PLC writes', numberFrom(0.1, 1000), 10)
    .addOption(new Option('--interval <duration>', 'length of an interval').argParser(parseDuration).default(2000, '2s'))
    .action(async (options: DemoOptions) => (await import('./demo-run.ts')).runDemo(options));
}
