import { Command, Option } from 'commander';
import type { ModuleEvent, ModuleOptions } from '../app/index.ts';
import { failWith } from './failure.ts';
import { printableJson } from './printable.ts';
import { receiveActionsCommand } from './receive-actions.ts';
import { endInTime, settleMs, stopRequested } from './stopping.ts';

interface RunOptions {
  readonly json?: true;
  readonly log: 'text' | 'json';
  readonly withParent?: true;
}

interface Running {
  readonly failed: Promise<unknown>;
  /** @param settleMs how long what is sealed may take to be anchored and receipted */
  stop(settleMs?: number): Promise<void>;
}

export function serveCommand(): Command {
  return moduleCommand(
    'serve',
    "run the owner's module: takes raw values in, shows the manufacturer conditions only",
    async (config, options) => {
      const { SenderModule } = await import('../app/index.ts');
      return SenderModule.start(config, options);
    },
  );
}

export function receiveCommand(): Command {
  return moduleCommand('receive', "run the manufacturer's module: fetches, verifies, countersigns, acts", async (config, options) => {
    const { ReceiverModule } = await import('../app/index.ts');
    return ReceiverModule.start(config, options);
  })
    .enablePositionalOptions()
    .addCommand(receiveActionsCommand());
}

function moduleCommand(name: string, description: string, start: (config: string, options: ModuleOptions) => Promise<Running>): Command {
  return new Command(name)
    .description(description)
    .argument('<config>', 'dcmb.json of this side')
    .option('--json', 'print each event as one JSON object a line')
    .addOption(
      new Option('--log <form>', 'text for a person on standard output, or json: a log without conditions on standard error')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(new Option('--with-parent', 'end when standard input ends').hideHelp())
    .action(async (config: string, { json, log, withParent }: RunOptions) => {
      const stopping = stopRequested(withParent === true).then(() => endInTime());
      const isLogged = log === 'json';
      const { eventLine } = await import('./event-lines.ts');
      const onEvent = (event: ModuleEvent): void => {
        if (json === true) print(printableJson(event));
        else if (!isLogged) printLine(eventLine(event, config));
      };
      const running = await start(config, { onEvent, ...(isLogged ? { log: {} } : {}) });
      const say = (text: string): void => (json === true || isLogged ? undefined : print(text));
      say('Stop with Ctrl-C.');
      const failure = await Promise.race([stopping.then(() => undefined), running.failed.then((error) => ({ error }))]);
      say(`Stopping${name === 'serve' ? ': what is open is sealed or kept first' : ''} ...`);
      await running.stop(settleMs(failure === undefined ? await stopping : endInTime()));
      say('Stopped.');
      if (failure !== undefined) failWith(failure.error);
      process.exit(0);
    });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function printLine(line: string): void {
  if (line !== '') print(`${new Date().toISOString()}  ${line}`);
}
