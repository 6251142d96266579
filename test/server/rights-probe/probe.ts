import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';

/* Started with a cleared server's rights: tries what it must not be able to do, and prints what came of each attempt. */

const attempts: Record<string, () => unknown> = {
  'read a file of the system': () => readFileSync('/etc/passwd'),
  'read the environment of its parent': () => readFileSync(`/proc/${process.ppid}/environ`),
  'write a file': () => writeFileSync('/tmp/dcmb-probe', ''),
  'write beside its code': () => writeFileSync(new URL('./probe.txt', import.meta.url), ''),
  'make a folder': () => mkdtempSync('/tmp/dcmb-probe-'),
  'start a process': () => execFileSync('/bin/true'),
  'start a worker': () => new Worker('0', { eval: true }),
  'load a native addon': () => process.dlopen({ exports: {} }, '/nonexistent.node'),
  'read its own code': () => readFileSync(new URL(import.meta.url)),
};

const outcome: Record<string, string> = {};
for (const [what, attempt] of Object.entries(attempts)) {
  try {
    attempt();
    outcome[what] = 'allowed';
  } catch (error) {
    outcome[what] = (error as NodeJS.ErrnoException).code ?? 'failed';
  }
}

const listener = createServer();
listener.listen(0, '127.0.0.1', () => {
  outcome['listen on the network'] = 'allowed';
  listener.close();
  process.stdout.write(JSON.stringify({ outcome, environment: Object.keys(process.env) }));
});
