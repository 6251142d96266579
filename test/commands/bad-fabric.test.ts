import { mkdirSync } from 'node:fs';
import { type BadInput, MARKER, refusesAll, type SpoiltPlant } from './bad-input.ts';

const OWNER = 'owner/dcmb.json';
const PROFILE = {
  organizations: { owner: { mspid: 'owner', peers: ['peer'] } },
  peers: { peer: { url: 'grpcs://localhost:1', tlsCACerts: { pem: '' } } },
};

/** The plant's configuration with a Fabric ledger of the same id in the place of its own. */
function onFabric(plant: SpoiltPlant, changes: Readonly<Record<string, unknown>> = {}): string {
  const id = /"id": "([\w-]{43})"/.exec(plant.read(OWNER))?.[1];
  const ledger = { kind: 'fabric', profile: 'connection.json', msp: 'msp', id, ...changes };
  return plant.replace(OWNER, /"ledger": \{ "kind".*\}/, `"ledger": ${JSON.stringify(ledger)}`);
}

function withProfile(plant: SpoiltPlant, profile: unknown = PROFILE): void {
  plant.write('owner/connection.json', typeof profile === 'string' ? profile : JSON.stringify(profile));
}

const CONFIGURATIONS: readonly BadInput[] = [
  {
    wrong: 'a kind of ledger that does not exist',
    run: (plant) => ['serve', onFabric(plant, { kind: 'corda' })],
    says: ['owner/dcmb.json, line 12, at "ledger/kind"', 'must be one of embedded, fabric'],
  },
  {
    wrong: 'no kind of ledger',
    run: (plant) => ['serve', onFabric(plant, { kind: undefined })],
    says: ['at "ledger"', 'the key "kind" is missing', 'Add it: '],
  },
  {
    wrong: 'no MSP folder',
    run: (plant) => ['serve', onFabric(plant, { msp: undefined })],
    says: ['at "ledger"', 'the key "msp" is missing', 'signcerts/'],
  },
  {
    wrong: 'keys of both kinds of ledger',
    run: (plant) => ['serve', onFabric(plant, { file: MARKER })],
    says: ['at "ledger/file"', 'unknown key', 'Remove it'],
  },
  {
    wrong: 'a Fabric channel that no network can have',
    run: (plant) => ['serve', onFabric(plant, { fabricChannel: 'A b' })],
    says: ['at "ledger/fabricChannel"', 'lower-case letters'],
  },
  {
    wrong: 'a token without its PIN file',
    run: (plant) => ['serve', onFabric(plant, { pkcs11: { library: 'x.so', label: 'x', keyId: '01' } })],
    says: ['at "ledger/pkcs11"', 'the key "pinFile" is missing'],
  },
  {
    wrong: 'an embedded ledger without its key',
    run: (plant) => ['serve', plant.replace(OWNER, '"ledger": "keys/ledger.pem", ', '')],
    says: ['line 15, at "keys"', 'the key "ledger" is missing', 'Add it: '],
  },
  {
    wrong: 'a connection profile that is not there',
    run: (plant) => ['serve', onFabric(plant)],
    says: ['owner/connection.json', "can't be read (ENOENT)", 'dcmb doctor'],
  },
  {
    wrong: 'a connection profile that is not JSON',
    run: (plant) => (withProfile(plant, MARKER), ['serve', onFabric(plant)]),
    says: ['owner/connection.json', 'JSON', 'dcmb doctor'],
  },
  {
    wrong: 'a connection profile of another organisation',
    run: (plant) => (withProfile(plant, { ...PROFILE, organizations: { other: { mspid: 'OtherMSP' } } }), ['serve', onFabric(plant)]),
    says: ['no peer of an organisation with mspid "owner"', 'OtherMSP', 'dcmb doctor'],
  },
  {
    wrong: 'an MSP folder that is not there',
    run: (plant) => (withProfile(plant), ['serve', onFabric(plant)]),
    says: ['owner/msp/signcerts', "can't be read (ENOENT)", 'dcmb doctor'],
  },
  {
    wrong: 'a key for Fabric that others may read',
    run: (plant) => {
      withProfile(plant);
      mkdirSync(plant.at('owner/msp/keystore'), { recursive: true });
      plant.write('owner/msp/keystore/key.pem', MARKER, 0o644);
      return ['serve', onFabric(plant)];
    },
    says: ['owner/msp/keystore/key.pem may be read or written by other users', 'chmod 600'],
  },
];

const MSP = ['--msp', 'nowhere'];

const COMMANDS: readonly BadInput[] = [
  {
    wrong: 'init for one side of a network only',
    run: (plant) => ['init', plant.at('new'), '--ledger', 'fabric', '--owner-fabric', plant.at('owner')],
    says: ['Only one of --owner-fabric and --manufacturer-fabric', 'Give both, or none'],
  },
  {
    wrong: 'init on a development network that is not there',
    run: (plant) => ['init', plant.at('new'), '--ledger', 'fabric', '--network', plant.at('nowhere')],
    says: ['There is no Fabric network in', 'nowhere', 'Bring one up'],
  },
  {
    wrong: 'init with folders that have no connection profile',
    run: (plant) => {
      const folders = ['--owner-fabric', plant.at('owner'), '--manufacturer-fabric', plant.at('manufacturer')];
      return ['init', plant.at('new'), '--ledger', 'fabric', ...folders];
    },
    says: ['owner/connection.json', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'init with a profile that does not say whose it is',
    run: (plant) => {
      withProfile(plant, { ...PROFILE, organizations: { a: { mspid: 'A' }, b: { mspid: 'B' } } });
      const folders = ['--owner-fabric', plant.at('owner'), '--manufacturer-fabric', plant.at('owner')];
      return ['init', plant.at('new'), '--ledger', 'fabric', ...folders];
    },
    says: ['connection.json does not say which organisation it is for', 'client'],
  },
  {
    wrong: 'a ledger to show without a profile that is there',
    run: (plant) => ['ledger', 'show', '--profile', plant.at('nope.json'), ...MSP],
    says: ['nope.json', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'a ledger to make without a name',
    run: (plant) => ['ledger', 'create', '--profile', plant.at('nope.json'), ...MSP],
    says: ["required option '--name <text>' not specified", '--help'],
  },
  {
    wrong: 'a configuration for the doctor that is not there',
    run: (plant) => ['doctor', plant.at('nope.json')],
    says: ['nope.json', "can't be read (ENOENT)", 'Check the path'],
  },
];

refusesAll('A configuration for Fabric', CONFIGURATIONS);
refusesAll('A command about Fabric', COMMANDS);
