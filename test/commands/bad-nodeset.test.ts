import { type BadInput, MARKER, refusesAll } from './bad-input.ts';

const CASES: readonly BadInput[] = [
  {
    wrong: 'of an agreement without the name of its channel',
    run: (plant) => ['nodeset', 'export', plant.at('manufacturer/agreement.json')],
    says: ['manufacturer/agreement.json is an agreement', 'does not name its channel', 'Say it by --channel'],
  },
  {
    wrong: 'of a file that is not there',
    run: (plant) => ['nodeset', 'export', plant.at('nope.json')],
    says: ['nope.json', 'Check the path'],
  },
  {
    wrong: 'of a file that is neither a configuration nor an agreement',
    run: (plant) => ['nodeset', 'export', plant.write('other.json', `{ "${MARKER}": true }`)],
    says: ['other.json'],
  },
  {
    wrong: 'of a channel that the configuration does not have',
    run: (plant) => ['nodeset', 'export', plant.at('owner/dcmb.json'), '--channel', 'nope'],
    says: ['owner/dcmb.json has no channel "nope"', 'Take press'],
  },
  {
    wrong: 'with a machine that the configuration names itself',
    run: (plant) => ['nodeset', 'export', plant.at('owner/dcmb.json'), '--machine', 'press'],
    says: ['owner/dcmb.json names the machine itself', 'Leave --machine out'],
  },
  {
    wrong: 'of the server for applications of an owner, who has none',
    run: (plant) => ['nodeset', 'export', plant.at('owner/dcmb.json'), '--applications'],
    says: ['owner/dcmb.json has no server for applications', 'Leave --applications out'],
  },
  {
    wrong: 'into a file that is there',
    run: (plant) => ['nodeset', 'export', plant.at('owner/dcmb.json'), '--out', plant.write('there.xml', MARKER)],
    says: ['there.xml', 'it is there already', 'Give another path to --out'],
  },
];

refusesAll('an export of an address space', CASES);
