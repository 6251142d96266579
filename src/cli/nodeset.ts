import { Command, Option } from 'commander';
import type { NodesetChoice } from '../app/index.ts';

interface ExportOptions extends NodesetChoice {
  readonly out?: string;
}

export function nodesetCommand(): Command {
  const nodeset = new Command('nodeset').description('OPC UA address spaces for engineering: export');
  nodeset
    .command('export')
    .description("the address space of a channel's cleared server as NodeSet2 XML, without a connection to it")
    .argument('<file>', "either side's configuration, or an agreement's file")
    .option('--channel <name>', 'name of the channel; where there is one only, a configuration tells it')
    .option('--machine <name>', "the machine's name on the cleared server, with an agreement's file")
    .option('--applications', "the manufacturer's server for its own applications instead of the owner's")
    .addOption(new Option('--locale <language>', 'language of texts; the default is the configuration’s').choices(['en', 'de']))
    .option('--out <file>', 'file to write; else it is printed')
    .action(async (file: string, { out, ...choice }: ExportOptions) =>
      (await import('./nodeset-run.ts')).runNodesetExport(file, choice, out),
    );
  return nodeset;
}
