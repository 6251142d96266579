import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { unavailable } from './errors.ts';

/** Fabric's commands that the network needs. */
export const COMMANDS = ['configtxgen', 'cryptogen', 'orderer', 'osnadmin', 'peer'] as const;
export type Command = (typeof COMMANDS)[number];

const MOST_OUTPUT = 16 * 1024 * 1024;
const WITHIN_MS = 60_000;
const LINES_TOLD = 5;

/** Only what a command needs: no CORE_ or ORDERER_ variable of somebody's shell gets into the network. */
export function plainEnvironment(variables: Readonly<Record<string, string>> = {}): Record<string, string> {
  const path = process.env['PATH'] ?? '/usr/bin:/bin';
  const logging = process.env['FABRIC_LOGGING_SPEC'] ?? 'warning';
  return { PATH: path, FABRIC_LOGGING_SPEC: logging, ...variables };
}

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Fabric's commands of one folder. */
export class FabricCommands {
  readonly binaries: string;

  constructor(binaries: string) {
    this.binaries = binaries;
  }

  path(command: Command): string {
    return join(this.binaries, command);
  }

  /** @throws UnavailableError `COMMAND_FAILED` with what the command said last */
  async run(command: Command, args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<CommandOutput> {
    const options = { env: plainEnvironment(variables), maxBuffer: MOST_OUTPUT, timeout: WITHIN_MS, killSignal: 'SIGKILL' as const };
    return new Promise((resolve, reject) => {
      execFile(this.path(command), args, options, (error, stdout, stderr) => {
        if (error === null) return resolve({ stdout, stderr });
        const said = lastLines(beforeUsage(`${stdout}\n${stderr}`)) || error.message;
        reject(unavailable('COMMAND_FAILED', `${command} ${args.slice(0, 3).join(' ')} failed: ${said}`, error));
      });
    });
  }
}

/** Fabric's commands explain all their options after an error. */
function beforeUsage(text: string): string {
  return text.split(/^Usage:/m)[0] ?? '';
}

/** The last lines that say something, on one line. */
export function lastLines(text: string, count = LINES_TOLD): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count).join(' | ').trim();
}
