import { Command, Option } from 'commander';
import { numberFrom } from './duration.ts';
import { stopRequested } from './stopping.ts';

interface ReplayCommandOptions {
  readonly plc: string;
  readonly endpoint?: string;
  readonly rate: number;
  readonly loop?: true;
  readonly patient?: true;
  readonly json?: true;
  readonly withParent?: true;
}

const TELL_EVERY_MS = 5000;

export function replayCommand(): Command {
  return new Command('replay')
    .description('play a data file into an ingest server as a PLC would')
    .argument('<data>', 'CSV; its header line names the tags')
    .option('--plc <folder>', 'folder of the simulated PLC, made by dcmb init', 'plant/plc')
    .option('--endpoint <url>', 'ingest server, if another than plc.json names')
    .option('--rate <rows>', 'rows a second', numberFrom(0.001, 10_000), 10)
    .option('--loop', 'start again at the end of the file')
    .option('--json', 'print the result as one JSON object')
    .option('--patient', 'wait while the server is not there or takes no values, and go on with the same row')
    .addOption(new Option('--with-parent', 'end when standard input ends').hideHelp())
    .action(async (dataFile: string, options: ReplayCommandOptions) => {
      const stopping = new AbortController();
      void stopRequested(options.withParent === true).then(() => stopping.abort());
      const { replay } = await import('../app/index.ts');
      let toldMs = performance.now();
      const result = await replay({
        dataFile,
        plcFolder: options.plc,
        ...(options.endpoint === undefined ? {} : { endpointUrl: options.endpoint }),
        rate: options.rate,
        loop: options.loop === true,
        patient: options.patient === true,
        signal: stopping.signal,
        onProgress: ({ rows, accepted }) => {
          if (options.json === true || performance.now() - toldMs < TELL_EVERY_MS) return;
          toldMs = performance.now();
          process.stdout.write(`${rows} ${rows === 1 ? 'row' : 'rows'} so far: ${accepted} writes accepted\n`);
        },
      });
      const refused = Object.entries(result.refused).map(([status, count]) => `${count} ${status}`);
      const text = `${result.rows} rows: ${result.accepted} writes accepted${refused.length > 0 ? `, refused: ${refused.join(', ')}` : ''}`;
      process.stdout.write(`${options.json === true ? JSON.stringify(result) : text}\n`);
      process.exit(0);
    });
}
