import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Genesis, ledgerIdOf } from '../../src/contract/index.ts';
import { canonicalJson, fromUtf8, toBase64Url } from '../../src/core/index.ts';
import { DEFAULT_ORGANISATIONS, DevNetwork, portCount } from '../../src/ledger/index.ts';
import { freePorts } from './free-ports.ts';

/** Fabric's commands as `npm run fabric:up` builds them. */
export const FABRIC_BINARIES = fileURLToPath(new URL('../../fabric/bin', import.meta.url));

/** A test, or `{ after }` of node:test for a whole file. */
export interface Cleaned {
  after(clean: () => Promise<void>): void;
}

export interface TestNetworkOptions {
  readonly organisations?: readonly string[];
}

/**
 * A Fabric network of the test's own on free ports, with its processes and files gone when the test ends. At the top of a
 * file: `const network = await fabricNetwork({ after })`.
 */
export async function fabricNetwork(t: Cleaned, options: TestNetworkOptions = {}): Promise<DevNetwork> {
  await removeLeftOver();
  const organisations = options.organisations ?? DEFAULT_ORGANISATIONS;
  const folder = join(mkdtempSync(join(tmpdir(), `dcmb-fabric-${process.pid}-`)), 'network');
  t.after(() => removeNetwork(folder));
  return DevNetwork.up({
    folder,
    organisations,
    binaries: FABRIC_BINARIES,
    firstPort: await freePorts(portCount(organisations.length)),
  });
}

/** Of a network's folder in the folder for temporary files: the process that it belongs to. */
const FOLDER = /^dcmb-fabric-(\d+)-/;

async function removeNetwork(folder: string): Promise<void> {
  if (existsSync(join(folder, 'network.json'))) await DevNetwork.open(folder).reset();
  rmSync(join(folder, '..'), { recursive: true, force: true });
}

/** Networks of test processes that were killed before they could clean up. */
async function removeLeftOver(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = FOLDER.exec(name)?.[1];
    if (pid !== undefined && !runs(Number(pid))) await removeNetwork(join(tmpdir(), name, 'network'));
  }
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export interface FreshEvidence {
  /** Name of the chaincode's definition. */
  readonly chaincode: string;
  readonly genesis: Genesis;
  readonly ledgerId: string;
}

/** A ledger of its own on a network: a further definition of the evidence chaincode with a genesis of its own. Takes a second or two. */
export async function freshEvidence(network: DevNetwork, changes: Partial<Genesis> = {}): Promise<FreshEvidence> {
  const chaincode = `evidence-${randomBytes(6).toString('hex')}`;
  const genesis: Genesis = {
    v: 0,
    nonce: toBase64Url(randomBytes(32)),
    name: 'Test network',
    testNetwork: true,
    certificationRequired: false,
    organisations: network.organisations.map((id) => ({ id, name: `The ${id}` })),
    fabric: {
      channel: network.channel,
      genesisBlock: network.genesisBlockHash(),
      evidence: chaincode,
      certification: 'certification',
      endorsements: 2,
    },
    ...changes,
  };
  await network.deploy(chaincode);
  await network.invoke('owner', chaincode, ['genesis', fromUtf8(canonicalJson(genesis))]);
  return { chaincode, genesis, ledgerId: ledgerIdOf(genesis) };
}
