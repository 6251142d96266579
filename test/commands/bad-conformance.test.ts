import { type BadInput, refusesAll } from './bad-input.ts';

const CASES: readonly BadInput[] = [
  {
    wrong: "with an owner's configuration",
    run: (plant) => ['conformance', '--config', plant.at('owner/dcmb.json')],
    says: ['owner/dcmb.json'],
  },
  {
    wrong: 'where nothing answers',
    run: (plant) => ['conformance', 'opc.tcp://localhost:9', '--config', plant.at('manufacturer/dcmb.json')],
    says: ['opc.tcp://localhost:9'],
  },
];

refusesAll('a check of conformance', CASES);
