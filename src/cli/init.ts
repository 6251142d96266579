import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { OtherManufacturer, Plant } from '../app/index.ts';
import { parseDuration, powerOfTwoFrom, wholeNumberFrom } from './duration.ts';
import { type FabricPlaceArguments, fabricPlaceOptions, fabricPlantLedger } from './fabric-place.ts';
import { PROGRAM, spokenPath } from './spoken-paths.ts';

interface InitOptions extends FabricPlaceArguments {
  readonly ledger: 'embedded' | 'fabric';
  readonly policy: string;
  readonly terms?: string;
  readonly channel: string;
  readonly interval: number;
  readonly epoch: number;
  readonly host: string;
  readonly advertise?: string;
  readonly port: number;
  readonly alsoFor?: readonly Other[];
}

/** The mapping policy that a new plant starts from; the data beside it can be replayed at once. */
export function exampleFile(name: string): string {
  return fileURLToPath(new URL(`../../examples/turbofan/${name}`, import.meta.url));
}

export function initCommand(): Command {
  const command = new Command('init')
    .description('make two working folders, owner and manufacturer, with keys, certificates, agreement, configuration and mapping policy')
    .argument('<folder>', 'a new or empty folder')
    .addOption(
      new Option('--policy <file>', 'mapping policy to start from').default(exampleFile('policy.json'), 'that of the turbofan example'),
    )
    .option('--terms <file>', "the agreement's terms (purpose, cadence, deadlines, validity); instead of --interval and --epoch")
    .option('--channel <name>', 'name of the channel, part of the node ids', 'turbofan')
    .addOption(new Option('--interval <duration>', 'length of an interval').argParser(parseDuration).default(10_000, '10s'))
    .option('--epoch <intervals>', 'intervals an epoch, a power of two from 2 to 4096', powerOfTwoFrom(2, 4096), 64)
    .option('--host <address>', 'address that the servers listen on', '127.0.0.1')
    .option('--advertise <host>', 'name or address by which clients reach the servers (default: localhost, or the host name)')
    .option('--port <number>', 'port of the ingest server; the other servers take the next two', wholeNumberFrom(1, 65_533), 48_400)
    .option(
      '--also-for <channel=policy>',
      'one more manufacturer, with a channel, mapping policy and ledger of its own; may be given several times, and takes two more ports each',
      otherManufacturers,
    )
    .addOption(
      new Option('--ledger <kind>', 'where evidence is anchored: a file of the plant, or a Fabric network that runs')
        .choices(['embedded', 'fabric'])
        .default('embedded'),
    )
    .action(async (folder: string, options: InitOptions) => {
      const { initPlant } = await import('../app/index.ts');
      const { port } = options;
      const plant = await initPlant({
        folder,
        policyFile: options.policy,
        ...(options.terms === undefined ? {} : { termsFile: options.terms }),
        cadence: { intervalMs: options.interval, epochIntervals: options.epoch },
        host: options.host,
        advertisedHost: options.advertise ?? (options.host.startsWith('127.') ? 'localhost' : hostname()),
        ports: { ingest: port, cleared: port + 1, applications: port + 2 },
        channel: options.channel,
        others: withPorts(options.alsoFor ?? [], port + 3),
        ...(options.ledger === 'fabric' ? { ledger: await fabricPlantLedger(options) } : {}),
      });
      process.stdout.write(nextSteps(plant, options));
    });
  for (const option of fabricPlaceOptions()) command.addOption(option);
  return command;
}

type Other = Omit<OtherManufacturer, 'ports'>;

function otherManufacturers(text: string, before: readonly Other[] = []): readonly Other[] {
  const [, channel, policyFile] = /^([A-Za-z0-9_.-]{1,64})=(.+)$/.exec(text) ?? [];
  if (channel === undefined || policyFile === undefined)
    throw new InvalidArgumentError("Write the channel's name (letters, digits, '_', '.', '-'), =, and the file of its mapping policy.");
  return [...before, { folder: `manufacturer-${channel}`, channel, policyFile }];
}

/** @param first port that is free */
function withPorts(others: readonly Other[], first: number): readonly OtherManufacturer[] {
  return others.map((other, index) => ({ ...other, ports: { cleared: first + 2 * index, applications: first + 2 * index + 1 } }));
}

/** Data to replay: the example's fit its own policy only. */
function dataFor(policyFile: string): string {
  const data = exampleFile('held-out.csv');
  return resolve(policyFile) === exampleFile('policy.json') && existsSync(data) ? spokenPath(data) : 'DATA.csv';
}

/** What a person does with a new plant. */
export function nextSteps(plant: Plant, { ledger, policy }: Pick<InitOptions, 'ledger' | 'policy'>): string {
  const [owner, manufacturer] = [spokenPath(plant.owner), spokenPath(plant.manufacturer)];
  const data = dataFor(policy);
  const others = plant.others.map((other) => `  ${PROGRAM} receive ${spokenPath(other.manufacturer)}/dcmb.json\n`).join('');
  return `Made ${owner} and ${manufacturer}: keys, certificates, a signed agreement, a mapping policy, ${ledger === 'fabric' ? `a channel on the Fabric ledger ${plant.ledgerId}` : 'a test ledger'}.

${ledger === 'fabric' ? `Next: ${PROGRAM} doctor ${owner}/dcmb.json\nThen` : 'Next'}, each in a terminal of its own:
  ${PROGRAM} serve ${owner}/dcmb.json
  ${PROGRAM} receive ${manufacturer}/dcmb.json
${others}  ${PROGRAM} replay ${data} --plc ${spokenPath(plant.plc)} --patient
${data === 'DATA.csv' ? 'DATA.csv is yours: its first line names tags of the policy, each further one has their values.\n' : ''}
Log-ins for OPC UA clients stand in passwords.txt of each folder; the configurations hold hashes only.
A client that connects for the first time waits in rejected/: ${PROGRAM} trust list ${owner}/dcmb.json
`;
}
