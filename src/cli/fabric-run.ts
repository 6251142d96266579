import { DevNetwork, organisationsWith, type PartStatus } from '../app/index.ts';
import { ShownProgress } from './shown-progress.ts';
import { PROGRAM, spokenPath } from './spoken-paths.ts';
import { tableLines } from './table.ts';

export interface UpArguments {
  readonly folder?: string;
  readonly binaries?: string;
  readonly certifiers?: number;
  readonly firstPort?: number;
  readonly json?: true;
}

export interface FolderArguments {
  readonly folder?: string;
  readonly json?: true;
}

/** Exit code of `status` where not everything runs. */
const NOT_ALL = 1;

export async function up({ certifiers, json, ...options }: UpArguments): Promise<void> {
  const organisations = certifiers === undefined ? {} : { organisations: organisationsWith(certifiers) };
  const shown = new ShownProgress();
  const network = await DevNetwork.up({ ...options, ...organisations, progress: (progress) => shown.show(progress) }).finally(() =>
    shown.end(),
  );
  if (json) return printJson(network, await network.status());
  process.stdout.write(`${statusLines(await network.status()).join('\n')}

Fabric channel ${network.channel} with ${network.organisations.join(', ')} is up, in ${spokenPath(network.folder)}.
Connection profiles: profiles/*.json there. Stop it: ${PROGRAM} fabric down${options.folder === undefined ? '' : ` --folder ${options.folder}`}
`);
}

export async function status({ folder, json }: FolderArguments): Promise<void> {
  const network = DevNetwork.open(folder);
  const parts = await network.status();
  if (json) printJson(network, parts);
  else process.stdout.write(`${statusLines(parts).join('\n')}\n`);
  if (parts.some(({ state }) => state !== 'running')) process.exitCode = NOT_ALL;
}

export async function down({ folder, json }: FolderArguments): Promise<void> {
  const network = DevNetwork.open(folder);
  const killed = await network.down();
  if (json) return printJson(network, await network.status());
  const forced = killed.length === 0 ? '' : ` ${killed.join(', ')} had to be killed.`;
  process.stdout.write(`The network in ${spokenPath(network.folder)} is down.${forced} What it has stored is there still.\n`);
}

export async function reset({ folder, json }: FolderArguments): Promise<void> {
  const network = DevNetwork.open(folder);
  await network.reset();
  if (json) process.stdout.write(`${JSON.stringify({ folder: network.folder })}\n`);
  else process.stdout.write(`The network in ${spokenPath(network.folder)} is gone.\n`);
}

function printJson({ folder, channel, organisations }: DevNetwork, parts: readonly PartStatus[]): void {
  process.stdout.write(`${JSON.stringify({ folder, channel, organisations, parts })}\n`);
}

function statusLines(parts: readonly PartStatus[]): string[] {
  const rows = parts.map(({ part, state, pid, ports, log }) => [part, state, pid?.toString() ?? '-', ports.join(' '), spokenPath(log)]);
  return tableLines([['part', 'state', 'pid', 'ports', 'log'], ...rows]);
}
