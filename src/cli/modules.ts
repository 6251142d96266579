import { Command, Option } from 'commander';
import { type ModuleEvent, type ModuleListener, ReceiverModule, SenderModule } from '../app/index.ts';
import { eventLine } from './event-lines.ts';
import { failWith } from './failure.ts';
import { stopRequested } from './stopping.ts';

interface RunOptions {
  readonly json?: true;
  readonly withParent?: true;
}

interface Running {
  readonly failed: Promise<unknown>;
  stop(): Promise<void>;
}

export function serveCommand(): Command {
  return moduleCommand('serve', "run the owner's module: takes raw values in, shows the manufacturer conditions only", (config, onEvent) =>
    SenderModule.start(config, { onEvent }),
  );
}

export function receiveCommand(): Command {
  return moduleCommand('receive', "run the manufacturer's module: fetches, verifies, countersigns, acts", (config, onEvent) =>
    ReceiverModule.start(config, { onEvent }),
  );
}

function moduleCommand(name: string, description: string, start: (config: string, onEvent: ModuleListener) => Promise<Running>): Command {
  return new Command(name)
    .description(description)
    .argument('<config>', 'dcmb.json of this side')
    .option('--json', 'print each event as one JSON object a line')
    .addOption(new Option('--with-parent', 'end when standard input ends').hideHelp())
    .action(async (config: string, { json, withParent }: RunOptions) => {
      const stopping = stopRequested(withParent === true);
      const running = await start(config, (event) => process.stdout.write(`${json === true ? JSON.stringify(event) : lineOf(event)}\n`));
      if (json !== true) process.stdout.write('Stop with Ctrl-C.\n');
      const failure = await Promise.race([stopping.then(() => undefined), running.failed.then((error) => ({ error }))]);
      await running.stop();
      if (failure !== undefined) failWith(failure.error);
      process.exit(0);
    });
}

function lineOf(event: ModuleEvent): string {
  return `${new Date().toISOString()}  ${eventLine(event)}`;
}
