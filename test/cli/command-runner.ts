import { failWith } from '../../src/cli/failure.ts';
import { dcmbProgram } from '../../src/cli/program.ts';

/*
 * The process of a CommandRunner: runs command lines one after the other. What a command prints goes to whoever asked, and
 * what would end the process ends the command only.
 */

class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super('The command ended.');
    this.code = code;
  }
}

let printed = { stdout: '', stderr: '' };

for (const stream of ['stdout', 'stderr'] as const) {
  process[stream].write = (text: string | Uint8Array): boolean => {
    printed[stream] += String(text);
    return true;
  };
}
process.exit = (code) => {
  throw new Exit(Number(code ?? 0));
};
// Each command that can be stopped listens for it.
process.setMaxListeners(0);

async function run(args: readonly string[]): Promise<number> {
  try {
    process.exitCode = 0;
    await dcmbProgram().parseAsync(args, { from: 'user' });
    return process.exitCode;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    return codeOfFailure(error);
  }
}

function codeOfFailure(error: unknown): number {
  try {
    return failWith(error);
  } catch (exit) {
    if (exit instanceof Exit) return exit.code;
    throw exit;
  }
}

process.on('message', (args: readonly string[]) => {
  printed = { stdout: '', stderr: '' };
  void run(args).then((status) => process.send?.({ status, ...printed }));
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
