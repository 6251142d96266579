import { cleared, processIdOf } from '../cleared-support.ts';

/* A module that a test kills: starts a cleared server and prints the id of its process. */

process.stdout.write(`${processIdOf(await cleared())}\n`);
