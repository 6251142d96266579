import { type BadInput, MARKER, POLICY, refusesAll, type SpoiltPlant } from './bad-input.ts';
import { DatabaseSync } from 'node:sqlite';

const OWNER = 'owner/dcmb.json';

const replay = (plant: SpoiltPlant, data: string): readonly string[] => ['replay', plant.write('data.csv', data), '--plc', plant.at('plc')];

const DATA: readonly BadInput[] = [
  {
    wrong: 'that is not there',
    run: (plant) => ['replay', plant.at('nope.csv'), '--plc', plant.at('plc')],
    says: ['nope.csv', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'with a cell that is no value of the tag',
    run: (plant) => replay(plant, `Time,PieceCount\n1,17\n2,${MARKER}\n`),
    says: ['data.csv, line 3, column 2', 'not a value of type UInt32', 'Mend the cell'],
  },
  {
    wrong: 'with a value beyond its type',
    run: (plant) => replay(plant, 'PieceCount\n4294967296\n'),
    says: ['data.csv, line 2, column 1', 'not a value of type UInt32', 'Mend the cell'],
  },
  {
    wrong: 'without a header',
    run: (plant) => replay(plant, `${MARKER},17\n18,19\n`),
    says: ['data.csv, line 1', 'no column is named as a tag', 'Write a header line with tag names, such as PieceCount'],
  },
  {
    wrong: 'with a row that is too short',
    run: (plant) => replay(plant, `Time,PieceCount\n${MARKER}\n`),
    says: ['data.csv, line 2', '1 cells instead of 2', 'Mend the row'],
  },
  {
    wrong: 'with a header alone',
    run: (plant) => replay(plant, 'PieceCount\n'),
    says: ['data.csv has no row below its header', 'Give a file with data'],
  },
  {
    wrong: 'for a folder that is no PLC',
    run: (plant) => ['replay', plant.write('data.csv', 'PieceCount\n1\n'), '--plc', plant.at('owner')],
    says: ['owner/plc.json', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: "for a PLC's file of another form",
    run: (plant) => (plant.write('plc/plc.json', `{ "tags": "${MARKER}" }`), replay(plant, 'PieceCount\n1\n')),
    says: ["plc/plc.json is not a simulated PLC's file", 'Give the folder plc/'],
  },
  {
    wrong: 'for a server that is not there',
    run: (plant) => replay(plant, 'PieceCount\n1\n'),
    says: [/opc\.tcp:\/\/localhost:\d+ cannot be reached/, 'Check that it runs'],
  },
];

const EXPORT = `{"format":"dcmb-audit-export"}`;

const EXPORTS: readonly BadInput[] = [
  {
    wrong: 'that is not there',
    run: (plant) => ['audit', 'verify', plant.at('nope.json')],
    says: ['nope.json', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'that is a folder',
    run: (plant) => ['audit', 'verify', plant.at('owner')],
    says: ['/owner ', "can't be read (EISDIR)", 'Check the path'],
  },
  {
    wrong: 'that is none',
    run: (plant) => ['audit', 'verify', plant.write('export.json', `{ "a": "${MARKER}" }`)],
    says: ['export.json', 'Get the file anew'],
  },
  {
    wrong: 'that is empty',
    run: (plant) => ['audit', 'verify', plant.write('export.json', '')],
    says: ['export.json', 'Get the file anew'],
  },
  {
    wrong: 'that is cut off',
    run: (plant) => ['audit', 'verify', plant.write('export.json', EXPORT.slice(0, -3))],
    says: ['export.json', 'Get the file anew'],
  },
  {
    wrong: 'that is no text',
    run: (plant) => ['audit', 'verify', plant.write('export.json', new Uint8Array([0xff, 0xfe, 0x00]))],
    says: ['export.json', 'Get the file anew'],
  },
  {
    wrong: 'with a ledger id that is none',
    run: (plant) => ['audit', 'verify', plant.write('export.json', EXPORT), '--ledger', 'nope'],
    says: ["option '--ledger <id>'", '43 characters'],
  },
  {
    wrong: 'with a block that is none',
    run: (plant) => ['audit', 'verify', plant.write('export.json', EXPORT), '--block', '17'],
    says: ["option '--block <number:hash>'", '17:'],
  },
  {
    wrong: "to a place that can't be written",
    run: (plant) => ['audit', 'export', plant.at(OWNER), '--out', plant.at('nope/export.json')],
    says: ['nope/export.json', "can't be written (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'of a store that another program made',
    run: (plant) => {
      new DatabaseSync(plant.at('owner/data/store.db')).exec('CREATE TABLE other (x TEXT)');
      return ['audit', 'export', plant.at(OWNER), '--out', plant.at('export.json')];
    },
    says: ['owner/data/store.db', 'Give'],
  },
];

const CERTIFICATES: readonly BadInput[] = [
  {
    wrong: 'shown that nobody has',
    run: (plant) => ['trust', 'show', plant.at(OWNER), 'UaExpert'],
    says: ['No trusted or rejected certificate is named "UaExpert"', 'dcmb trust list'],
  },
  {
    wrong: 'added that does not wait',
    run: (plant) => ['trust', 'add', plant.at(OWNER), '0123456789abcdef'],
    says: ['No rejected certificate is named "0123456789abcdef"', 'dcmb trust list'],
  },
  {
    wrong: 'added from a file that is none',
    run: (plant) => ['trust', 'add', plant.at(OWNER), plant.write('peer.pem', MARKER), '--application', 'ingest'],
    says: ['peer.pem', 'not an X.509 certificate', 'Get the file anew'],
  },
  {
    wrong: 'added from a file for no list',
    run: (plant) => ['trust', 'add', plant.at(OWNER), plant.at('plc/pki/plc/own.pem')],
    says: ['plc/pki/plc/own.pem could go to two lists', '--application', 'ingest or cleared'],
  },
  {
    wrong: 'removed that nobody has',
    run: (plant) => ['trust', 'remove', plant.at(OWNER), 'UaExpert'],
    says: ['No trusted or rejected certificate is named "UaExpert"', 'dcmb trust list'],
  },
  {
    wrong: 'of a list that this side does not have',
    run: (plant) => ['trust', 'remove', plant.at(OWNER), 'UaExpert', '--application', 'receiver'],
    says: ['no list "receiver"', 'Take one of ingest, cleared'],
  },
];

const policy = (plant: SpoiltPlant, from: string | RegExp, to: string): readonly string[] => [
  'policy',
  'check',
  plant.replace('owner/policy.json', from, to),
];

const POLICIES: readonly BadInput[] = [
  {
    wrong: 'with a hole',
    run: (plant) => policy(plant, '"ranges": [{ "to": 5300 }]', '"ranges": [{ "to": 5299 }]'),
    says: ['owner/policy.json, line', 'streams/0', '5299', /[A-Z][a-z]+ .*\.$/m],
  },
  {
    wrong: 'with an overlap',
    run: (plant) => policy(plant, '"fromIncluded": false', '"fromIncluded": true'),
    says: ['owner/policy.json, line', 'streams/0/conditions/2', '5400'],
  },
  {
    wrong: 'with a condition that nothing reaches',
    run: (plant) => policy(plant, '"maximum": 99999', '"maximum": 5400'),
    says: ['owner/policy.json, line', 'streams/0/conditions/2'],
  },
  {
    wrong: 'with a tag that it does not define',
    run: (plant) => policy(plant, '"tags": ["PieceCount"]', '"tags": ["Nope"]'),
    says: ['owner/policy.json, line', 'at "streams/0/tags/0": no tag has this name', 'Name a tag'],
  },
  {
    wrong: 'with an unknown key',
    run: (plant) => policy(plant, '"quality"', '"qualities"'),
    says: ['owner/policy.json, line', 'streams/0/qualities', 'Remove it or correct its spelling'],
  },
  {
    wrong: 'with a compute module that is not there',
    run: (plant) =>
      policy(plant, '"aggregate"', `"compute": { "kind": "module", "file": "model.js", "sha256": "${'0'.repeat(64)}" }, "aggregate"`),
    says: ['owner/model.js', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'with a compute module that was changed',
    run: (plant) => {
      plant.write('owner/model.js', `// ${MARKER}\n`);
      return policy(
        plant,
        '"aggregate"',
        `"compute": { "kind": "module", "file": "model.js", "sha256": "${'0'.repeat(64)}" }, "aggregate"`,
      );
    },
    says: ['owner/model.js', 'another digest', 'Restore it'],
  },
];

const COMMAND_LINES: readonly BadInput[] = [
  { wrong: 'an unknown command', run: () => ['serv'], says: ["unknown command 'serv'", 'Did you mean serve?', '--help'] },
  { wrong: 'an unknown option', run: () => ['demo', '--fro', '20s'], says: ["unknown option '--fro'", 'Did you mean --for?', '--help'] },
  { wrong: 'a missing argument', run: () => ['serve'], says: ["missing required argument 'config'", '--help'] },
  { wrong: 'an argument too many', run: () => ['serve', 'a', 'b'], says: ['too many arguments', '--help'] },
  { wrong: 'a duration without unit', run: () => ['demo', '--for', '20'], says: ["'--for <duration>'", '20s, 5m or 1h'] },
  { wrong: 'a duration of nothing', run: () => ['demo', '--interval', '0s'], says: ["'--interval <duration>'", 'longer than 0'] },
  { wrong: 'a rate of nothing', run: () => ['demo', '--rate', '0'], says: ["'--rate <rows>'", 'from 0.1 to 1000'] },
  { wrong: 'a port that leaves no room', run: () => ['demo', '--port', '65535'], says: ["'--port <number>'", 'from 1 to 65533'] },
  { wrong: 'a port that is no whole number', run: () => ['demo', '--port', '48400.5'], says: ["'--port <number>'", 'whole number'] },
  { wrong: 'a ledger that is none', run: () => ['demo', '--ledger', 'paper'], says: ["'--ledger <kind>'", 'embedded', 'fabric'] },
  {
    wrong: 'a plant in a folder that is not empty',
    run: (plant) => ['init', plant.folder],
    says: ['is not empty', 'Give a new folder'],
  },
  {
    wrong: 'a plant with a mapping policy that is not there',
    run: (plant) => ['init', plant.at('new'), '--policy', plant.at('nope.json')],
    says: ['nope.json', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'a plant where there is a file',
    run: (plant) => ['init', plant.at(OWNER), '--policy', POLICY],
    says: ["owner/dcmb.json can't be used (ENOTDIR)", 'Check the path'],
  },
  {
    wrong: 'a plant with an epoch that is no power of two',
    run: (plant) => ['init', plant.at('new'), '--policy', POLICY, '--epoch', '100'],
    says: ["'--epoch <intervals>'", 'power of two', '64 or 128'],
  },
  {
    wrong: 'a plant with an interval too short',
    run: (plant) => ['init', plant.at('new'), '--policy', POLICY, '--interval', '3ms'],
    says: ['interval'],
  },
  {
    wrong: 'a password that is too short',
    run: () => ['password'],
    input: 'c0nfid\n',
    says: ['shorter than 8 characters', 'Take a longer one'],
  },
];

refusesAll('A data file', DATA);
refusesAll('An audit export', EXPORTS);
refusesAll('A certificate', CERTIFICATES);
refusesAll('A mapping policy', POLICIES);
refusesAll('A command line', COMMAND_LINES);
