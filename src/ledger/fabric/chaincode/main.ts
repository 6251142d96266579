/*
 * Runs one of the two chaincodes as a service that peers dial:
 *
 * node main.ts --name evidence|certification --id PACKAGE-ID --address HOST:PORT
 *   --tls-key FILE --tls-cert FILE --client-ca FILE
 *
 * All files are PEM; peers must show a client certificate of --client-ca. Says one line when it listens, ends with code 0 on
 * SIGTERM or SIGINT, with code 1 where it can't begin. Logs what was executed and refused by kind and code, never an argument.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Log } from './call.ts';
import { invokeCertification } from './certification.ts';
import { EvidenceChaincode } from './evidence.ts';
import { serveChaincode } from './server.ts';
import type { Answer, Stub } from './stub.ts';

const OPTIONS = ['name', 'id', 'address', 'tls-key', 'tls-cert', 'client-ca'] as const;
type Option = (typeof OPTIONS)[number];

const log: Log = (line) => {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
};

function readOptions(): Readonly<Record<Option, string>> {
  const options = Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options, strict: true });
  const missing = OPTIONS.filter((name) => values[name] === undefined);
  if (missing.length > 0) throw new Error(`Missing: ${missing.map((name) => `--${name}`).join(', ')}.`);
  return values as Record<Option, string>;
}

function chaincodeOf(name: string): (stub: Stub) => Promise<Answer> {
  if (name === 'certification') return (stub) => invokeCertification(stub, log);
  if (name !== 'evidence') throw new Error(`--name is "evidence" or "certification", not "${name}".`);
  const evidence = new EvidenceChaincode({ clock: { now: () => Date.now() }, log });
  return (stub) => evidence.invoke(stub);
}

async function serve(): Promise<void> {
  const options = readOptions();
  await serveChaincode({
    packageId: options.id,
    address: options.address,
    tls: {
      key: readFileSync(options['tls-key']),
      certificate: readFileSync(options['tls-cert']),
      clientCas: readFileSync(options['client-ca']),
    },
    invoke: chaincodeOf(options.name),
  });
  log(`${options.name} listens on ${options.address} as ${options.id}`);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log(`${signal}: ends`);
    process.exit(0);
  });
}

try {
  await serve();
} catch (error) {
  process.stderr.write(`The chaincode can't be served: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
