import { failWith } from './failure.ts';
import { dcmbProgram } from './program.ts';

// Whoever read along has gone (`dcmb serve … | head`): no reason to stop.
process.stdout.on('error', () => undefined);
process.on('uncaughtException', failWith);

try {
  await dcmbProgram().parseAsync();
} catch (error) {
  failWith(error);
}
