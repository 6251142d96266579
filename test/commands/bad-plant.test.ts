import { chmodSync, copyFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { initPlant } from '../../src/app/index.ts';
import { createApplicationCertificate } from '../../src/server/index.ts';
import { type BadInput, MARKER, POLICY, refusesAll, type SpoiltPlant } from './bad-input.ts';

const OWNER = 'owner/dcmb.json';
const MANUFACTURER = 'manufacturer/dcmb.json';

const serve = (plant: SpoiltPlant): readonly string[] => ['serve', plant.at(OWNER)];
const receive = (plant: SpoiltPlant): readonly string[] => ['receive', plant.at(MANUFACTURER)];

/** A file takes the place of another one of the plant. */
function exchange(plant: SpoiltPlant, path: string, by: string): void {
  copyFileSync(plant.at(by), plant.at(path));
}

/** Another plant with other keys, beside the first. */
async function otherPlant(plant: SpoiltPlant): Promise<void> {
  await initPlant({
    folder: plant.at('other'),
    policyFile: POLICY,
    cadence: { intervalMs: 1000, epochIntervals: 16 },
    host: '127.0.0.1',
    advertisedHost: 'localhost',
    ports: { ingest: plant.port, cleared: plant.port + 1, applications: plant.port + 2 },
    channel: 'press',
  });
}

const AGREEMENTS: readonly BadInput[] = [
  {
    wrong: 'that is not there',
    run: (plant) => (rmSync(plant.at('owner/agreement.json')), serve(plant)),
    says: ['owner/agreement.json', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'that is not JSON',
    run: (plant) => (plant.write('owner/agreement.json', `{ "agreement": ${MARKER} }`), serve(plant)),
    says: ['owner/agreement.json is not an agreement file', 'Give the path of the agreement.json'],
  },
  {
    wrong: 'of which one character was changed',
    run: (plant) => (plant.replace('manufacturer/agreement.json', /("payload": ".{99})./, '$1_'), receive(plant)),
    says: ['manufacturer/agreement.json: ', 'Get the agreement anew from the other party'],
  },
  {
    wrong: 'of another plant',
    run: async (plant) => {
      await otherPlant(plant);
      exchange(plant, 'owner/agreement.json', 'other/owner/agreement.json');
      return serve(plant);
    },
    says: ['owner/agreement.json was agreed for ledger', 'Use the ledger of the agreement'],
  },
];

const KEYS: readonly BadInput[] = [
  {
    wrong: 'that is not there',
    run: (plant) => (rmSync(plant.at('owner/keys/evidence.pem')), serve(plant)),
    says: ['owner/keys/evidence.pem is missing', 'Correct its path'],
  },
  {
    wrong: 'that others may read',
    run: (plant) => (chmodSync(plant.at('owner/keys/ledger.pem'), 0o644), serve(plant)),
    says: ['owner/keys/ledger.pem may be read', 'chmod 600'],
  },
  {
    wrong: 'of another kind',
    run: (plant) => (exchange(plant, 'owner/keys/evidence.pem', 'owner/keys/exchange.pem'), serve(plant)),
    says: ['owner/keys/evidence.pem holds a key of another kind', 'mixed up'],
  },
  {
    wrong: 'in the place of another one',
    run: (plant) => (exchange(plant, 'manufacturer/keys/evidence.pem', 'manufacturer/keys/ledger.pem'), receive(plant)),
    says: ['manufacturer/keys/evidence.pem is not the key that the agreement names', 'Use that key'],
  },
  {
    wrong: 'that the ledger does not know',
    run: (plant) => (exchange(plant, 'owner/keys/ledger.pem', 'owner/keys/evidence.pem'), serve(plant)),
    says: ['"owner" has another ledger key', 'ledger/ledger.db', 'Correct the id or the key file'],
  },
  {
    wrong: 'for an organisation that the ledger does not know',
    run: (plant) => ['serve', plant.replace(OWNER, '"organisation": "owner"', '"organisation": "somebody"')],
    says: ['"somebody" is no member', 'ledger/ledger.db', 'Correct the id or the key file'],
  },
  {
    wrong: 'that is no PEM',
    run: (plant) => (plant.write('owner/keys/evidence.pem', `${MARKER}\n`), serve(plant)),
    says: ['owner/keys/evidence.pem is not a PKCS#8 private key in PEM', 'backup'],
  },
  {
    wrong: 'for the exchange that is not there at the first start',
    run: (plant) => (rmSync(plant.at('manufacturer/keys/exchange.pem')), receive(plant)),
    says: ['manufacturer/data/store.db is not there', 'Mount its disk', 'exchange key'],
  },
  {
    wrong: "for the exchange that is the other side's",
    run: (plant) => (exchange(plant, 'owner/keys/exchange.pem', 'manufacturer/keys/exchange.pem'), serve(plant)),
    says: ['owner/keys/exchange.pem is not the key that the agreement names', 'Use that key'],
  },
];

/** Another certificate for the ingest server, with or without its own key. */
async function certify(plant: SpoiltPlant, change: { hosts?: string[]; notBeforeMs?: number; withKey?: false }): Promise<void> {
  const identity = await createApplicationCertificate({
    applicationName: 'DCMB owner ingest',
    applicationUri: 'urn:test:ingest',
    organization: 'owner',
    hosts: change.hosts ?? ['localhost'],
    ips: [],
    validityDays: 30,
    ...(change.notBeforeMs === undefined ? {} : { notBeforeMs: change.notBeforeMs }),
  });
  plant.write('owner/pki/ingest/own.pem', identity.certificatePem);
  if (change.withKey !== false) plant.write('owner/pki/ingest/own-key.pem', identity.privateKeyPem);
}

const DAY_MS = 86_400_000;

const CERTIFICATES: readonly BadInput[] = [
  {
    wrong: 'that is not there',
    run: (plant) => (rmSync(plant.at('owner/pki/ingest/own.pem')), serve(plant)),
    says: ['owner/pki/ingest/own.pem', "can't be read (ENOENT)", 'Restore it'],
  },
  {
    wrong: 'that is none',
    run: (plant) => (plant.write('manufacturer/pki/receiver/own.pem', `${MARKER}\n`), receive(plant)),
    says: ['manufacturer/pki/receiver/own.pem', 'not an X.509 certificate', 'Get the file anew'],
  },
  {
    wrong: 'whose key is none',
    run: (plant) => (plant.write('owner/pki/cleared/own-key.pem', `${MARKER}\n`), serve(plant)),
    says: ['owner/pki/cleared/own', 'key', 'Restore'],
  },
  {
    wrong: 'whose key others may read',
    run: (plant) => (chmodSync(plant.at('owner/pki/ingest/own-key.pem'), 0o644), serve(plant)),
    says: ['owner/pki/ingest/own-key.pem', 'chmod 600'],
  },
  {
    wrong: 'that does not belong to the key beside it',
    run: async (plant) => (await certify(plant, { withKey: false }), serve(plant)),
    says: ['owner/pki/ingest/own.pem', 'does not belong to the private key beside it', 'Restore the pair'],
  },
  {
    wrong: 'that has expired',
    run: async (plant) => (await certify(plant, { notBeforeMs: Date.now() - 40 * DAY_MS }), serve(plant)),
    says: ['owner/pki/ingest/own.pem', 'expired on', 'Make a new one'],
  },
  {
    wrong: 'that is not valid yet',
    run: async (plant) => (await certify(plant, { notBeforeMs: Date.now() + 10 * DAY_MS }), serve(plant)),
    says: ['owner/pki/ingest/own.pem', 'not valid before', 'Check the clock'],
  },
  {
    wrong: 'that does not name the host under which clients come',
    run: async (plant) => (await certify(plant, { hosts: ['elsewhere.example'] }), serve(plant)),
    says: ['owner/pki/ingest/own.pem', 'does not name localhost', 'Make a new one'],
  },
];

async function listen(plant: SpoiltPlant, port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  plant.after(() => server.close());
}

/** An SQLite file that another program made. */
function foreignDatabase(file: string): void {
  rmSync(file, { force: true });
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE other (x TEXT)');
  database.close();
}

const PLACES: readonly BadInput[] = [
  {
    wrong: 'a ledger file that is not there',
    run: (plant) => ['serve', plant.replace(OWNER, '../ledger/ledger.db', '../ledger/nope.db')],
    says: ['ledger/nope.db cannot be opened', 'Check path, rights and space'],
  },
  {
    wrong: 'a ledger file that is no database',
    run: (plant) => (plant.write('ledger/ledger.db', `${MARKER}\n`.repeat(200)), receive(plant)),
    says: ['ledger/ledger.db is no ledger file', 'Check the path'],
  },
  {
    wrong: "a ledger file that is another program's database",
    run: (plant) => (foreignDatabase(plant.at('ledger/ledger.db')), serve(plant)),
    says: ['ledger/ledger.db is no ledger file', 'another program', 'Check the path'],
  },
  {
    wrong: 'a ledger file of another network',
    run: async (plant) => {
      await otherPlant(plant);
      return ['serve', plant.replace(OWNER, '../ledger/ledger.db', '../other/ledger/ledger.db')];
    },
    says: ['other/ledger/ledger.db is of network', 'expected network', 'Give the file of that network'],
  },
  {
    wrong: 'an ingest port in use',
    run: async (plant) => (await listen(plant, plant.port), serve(plant)),
    says: [/[Pp]ort \d+/, 'ingest', 'in use', 'another port'],
  },
  {
    wrong: 'an address of another machine',
    run: (plant) => ['serve', plant.replace(OWNER, '"host": "127.0.0.1"', '"host": "192.0.2.7"')],
    says: ['ingest server', '192.0.2.7', 'Check its host and port'],
  },
  {
    wrong: 'a cleared port in use',
    run: async (plant) => (await listen(plant, plant.port + 1), serve(plant)),
    says: [/[Pp]ort \d+/, 'cleared', 'in use', 'another port'],
  },
  {
    wrong: "a port in use of the manufacturer's own server",
    run: async (plant) => (await listen(plant, plant.port + 2), receive(plant)),
    says: [/[Pp]ort \d+/, 'in use', 'another port'],
  },
  {
    wrong: 'a port in use of the demo',
    run: async (plant) => (await listen(plant, plant.port), ['demo', '--json', '--port', `${plant.port}`]),
    says: ['The demo could not go on: Port', 'in use', 'another port'],
  },
  {
    wrong: 'a store that is no database',
    run: (plant) => (plant.write('owner/data/store.db', `${MARKER}\n`.repeat(200)), serve(plant)),
    says: ["owner/data/store.db can't be opened as a store", 'Check path and rights', 'restore a backup'],
  },
  {
    wrong: "a store that is another program's database",
    run: (plant) => (foreignDatabase(plant.at('owner/data/store.db')), serve(plant)),
    says: ['owner/data/store.db', 'Give'],
  },
  {
    wrong: 'a store of another channel',
    run: (plant) => {
      const database = new DatabaseSync(plant.at('manufacturer/data/store.db'));
      database.exec("CREATE TABLE purpose (name TEXT NOT NULL) STRICT; INSERT INTO purpose VALUES ('receiver of another channel')");
      database.close();
      return receive(plant);
    },
    says: ['manufacturer/data/store.db was made for', 'a store of its own'],
  },
  {
    wrong: "a store in a folder that can't be made",
    run: (plant) => ['serve', plant.replace(OWNER, '"data/store.db"', '"agreement.json/store.db"')],
    says: ['owner/agreement.json/store.db', 'Check path'],
  },
];

refusesAll('An agreement', AGREEMENTS);
refusesAll('A private key', KEYS);
refusesAll('An application certificate', CERTIFICATES);
refusesAll('A ledger, a port, a store', PLACES);
