import { type FabricLedger, type FabricPlace, findFabricLedger, makeFabricLedger, RejectedError } from '../app/index.ts';
import { printable, printableJson } from './printable.ts';

export interface LedgerArguments {
  readonly profile: string;
  readonly msp: string;
  readonly fabricChannel?: string;
  readonly chaincode?: string;
  readonly json?: true;
}

export interface LedgerTerms {
  readonly name: string;
  readonly member?: readonly string[];
  readonly certification?: string;
  readonly certificationRequired?: true;
  readonly testNetwork?: true;
}

export async function create(options: LedgerArguments & LedgerTerms): Promise<void> {
  const { name, member, certification, certificationRequired = false, testNetwork = false } = options;
  const terms = {
    ...{ name, certificationRequired, testNetwork },
    ...(member === undefined ? {} : { organisations: member }),
    ...(certification === undefined ? {} : { certification }),
  };
  print(await makeFabricLedger(placeOf(options), terms), options);
}

export async function show(options: LedgerArguments): Promise<void> {
  const found = await findFabricLedger(placeOf(options));
  if (found === undefined) {
    throw new RejectedError('NOT_A_LEDGER', 'The chaincode has no ledger yet. Make it: dcmb ledger create.');
  }
  print(found, options);
}

function placeOf({ profile, msp, fabricChannel, chaincode }: LedgerArguments): FabricPlace {
  return { profile, msp, ...(fabricChannel === undefined ? {} : { fabricChannel }), ...(chaincode === undefined ? {} : { chaincode }) };
}

function print({ id, genesis }: FabricLedger, { json }: LedgerArguments): void {
  const { name, organisations, fabric, testNetwork, certificationRequired } = genesis;
  const lines = [
    `ledger                ${id}`,
    `name                  ${name}${testNetwork ? ' (a test network)' : ''}`,
    `members               ${organisations.map((each) => each.id).join(', ')}; any ${fabric.endorsements} of them endorse`,
    `Fabric channel        ${fabric.channel}, which began with block ${fabric.genesisBlock}`,
    `chaincodes            ${fabric.evidence}, ${fabric.certification}`,
    `certification         ${certificationRequired ? 'required' : 'not required'}`,
    '',
    'The id goes into the configurations as "ledger": { "id": … }. Compare it with the other members by another way.',
  ];
  process.stdout.write(json === true ? `${printableJson({ id, genesis })}\n` : `${lines.map(printable).join('\n')}\n`);
}
