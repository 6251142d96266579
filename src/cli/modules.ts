import { Command, Option } from 'commander';
import type { ModuleEvent, ModuleListener } from '../app/index.ts';
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
  return moduleCommand(
    'serve',
    "run the owner's module: takes raw values in, shows the manufacturer conditions only",
    async (config, onEvent) => {
      const { SenderModule } = await import('../app/index.ts');
      return SenderModule.start(config, { onEvent });
    },
  );
}

export function receiveCommand(): Command {
  return moduleCommand('receive', "run the manufacturer's module: fetches, verifies, countersigns, acts", async (config, onEvent) => {
    const { ReceiverModule } = await import('../app/index.ts');
    return ReceiverModule.start(config, { onEvent });
  });
}

function moduleCommand(name: string, description: string, start: (config: string, onEvent: ModuleListener) => Promise<Running>): Command {
  return new Command(name)
    .description(description)
    .argument('<config>', 'dcmb.json of this side')
    .option('--json', 'print each event as one JSON object a line')
    .addOption(new Option('--with-parent', 'end when standard input ends').hideHelp())
    .action(async (config: string, { json, withParent }: RunOptions) => {
      const stopping = stopRequested(withParent === true);
      const running = await start(config, (event) => print(json === true ? JSON.stringify(event) : lineOf(event, config)));
      const say = (text: string): void => (json === true ? undefined : print(text));
      say('Stop with Ctrl-C.');
      const failure = await Promise.race([stopping.then(() => undefined), running.failed.then((error) => ({ error }))]);
      say(`Stopping${name === 'serve' ? ': what is open is sealed or kept first' : ''} ...`);
      await running.stop();
      say('Stopped.');
      if (failure !== undefined) failWith(failure.error);
      process.exit(0);
    });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function lineOf(event: ModuleEvent, config: string): string {
  return `${new Date().toISOString()}  ${eventLine(event, config)}`;
}
