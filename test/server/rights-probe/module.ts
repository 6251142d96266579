import { cleared } from '../cleared-support.ts';

/* A module that a test kills: starts a cleared server and prints the id of its process. */

const { server } = await cleared();
process.stdout.write(`${server.processId ?? 0}\n`);
