/*
 * Makes test/vectors/fabric/chain.json: `node test/fabric-blocks/make-vectors.ts`. Brings a network of its own up, has real
 * peers and a real orderer make one block after the other, and takes the network down again. test/vectors/fabric/README.md
 * says what is in it. Every run makes other keys, and so another file.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, hash, signers, type Contract, type Network } from '@hyperledger/fabric-gateway';
import { type Genesis } from '../../src/contract/index.ts';
import { type Bytes, canonicalJson, fromUtf8, type Json, toBase64Url } from '../../src/core/index.ts';
import { blockJson, decode, int32 } from '../../src/fabric-blocks/index.ts';
import { DevNetwork, portCount } from '../../src/ledger/index.ts';
import { FabricCommands } from '../../src/ledger/fabric/network/commands.ts';
import { commandEnvironment, tlsRoots } from '../../src/ledger/fabric/network/environments.ts';
import { Layout } from '../../src/ledger/fabric/network/layout.ts';
import { readNetworkFile } from '../../src/ledger/fabric/network/network-file.ts';
import { ordererPorts, peerPorts } from '../../src/ledger/fabric/network/settings.ts';
import { FABRIC_BINARIES } from '../support/fabric-network.ts';
import { freePorts } from '../support/free-ports.ts';
import { evidenceKey, ORGANISATIONS, TEST_MODULE, testSigner } from '../support/ledger-network.ts';
import { updateBytes, updateEnvelope } from './config-writer.ts';
import { type FabricBlockJson, ForgedChain } from './forged-chain.ts';
import type { Person } from './forged-keys.ts';
import { allJunk } from './junk.ts';

const folder = join(mkdtempSync(join(tmpdir(), 'dcmb-vectors-')), 'network');
const layout = new Layout(folder);
const firstPort = await freePorts(portCount(ORGANISATIONS.length));
const network = await DevNetwork.up({ folder, organisations: ORGANISATIONS, binaries: FABRIC_BINARIES, firstPort });
try {
  const genesis = genesisOf(network);
  await sendAll(genesis);
  const blocks = await readBlocks(network);
  const chain = { blocks, genesis, people: people() };
  writeFileSync('test/vectors/fabric/chain.json', `${fromUtf8(canonicalJson(chain))}\n`);
  say(`${blocks.length} blocks`);
} finally {
  await network.reset();
  rmSync(join(folder, '..'), { recursive: true, force: true });
}

function genesisOf({ channel }: DevNetwork): Genesis {
  return {
    v: 0,
    nonce: toBase64Url(randomBytes(32)),
    name: 'Test network',
    testNetwork: true,
    certificationRequired: false,
    organisations: ORGANISATIONS.map((id) => ({ id, name: `The ${id}` })),
    fabric: { channel, genesisBlock: network.genesisBlockHash(), evidence: 'evidence', certification: 'certification', endorsements: 2 },
  };
}

function person(mspId: string, msp: string): Person {
  const only = (pattern: string) => readFileSync(join(msp, globSync(pattern, { cwd: msp })[0]!), 'utf8');
  return { mspId, certificate: only('signcerts/*'), key: only('keystore/*') };
}

function people(): Record<string, Person> {
  const members = ORGANISATIONS.flatMap((id): [string, Person][] => [
    [`${id} client`, person(id, layout.user(id, 'User1'))],
    [`${id} admin`, person(id, layout.user(id, 'Admin'))],
    [`${id} peer`, person(id, join(layout.host(id, 'peer'), 'msp'))],
  ]);
  return Object.fromEntries([...members, ['orderer', person('orderer', join(layout.host('orderer', 'orderer'), 'msp'))]]);
}

interface Connection {
  readonly network: Network;
  close(): void;
}

function connected(organisation: string): Connection {
  const settings = readNetworkFile(layout).settings;
  const client = new Client(
    `localhost:${peerPorts(settings, organisation).service}`,
    credentials.createSsl(readFileSync(tlsRoots(layout))),
  );
  const { mspId, certificate, key } = person(organisation, layout.user(organisation, 'User1'));
  const signer = signers.newPrivateKeySigner(createPrivateKey(key));
  const gateway = connect({ client, identity: { mspId, credentials: Buffer.from(certificate) }, signer, hash: hash.sha256 });
  return {
    network: gateway.getNetwork(network.channel),
    close: () => {
      gateway.close();
      client.close();
    },
  };
}

/** Whatever a chain can hold that the verifier looks at. */
async function sendAll(genesis: Genesis): Promise<void> {
  const owner = connected('owner');
  const manufacturer = connected('manufacturer');
  try {
    const [owners, manufacturers] = [owner, manufacturer].map((connection) => connection.network.getContract('evidence')) as [
      Contract,
      Contract,
    ];
    await owners.submit('genesis', { arguments: [fromUtf8(canonicalJson(genesis))] });
    await sent(owners, 'registerKey', keyBody('owner'));
    await rivals(manufacturers);
    await repeated(owners);
    await underEndorsed(owners);
    await owners.submit('query', { arguments: ['genesis', '{}'] });
    await updateConfig();
    await broadcastJunk(genesis);
    await sent(owners, 'registerKey', {
      key: toBase64Url(testSigner('after the configuration').publicKey),
      module: TEST_MODULE,
      attestation: 'none',
    });
  } finally {
    owner.close();
    manufacturer.close();
  }
}

function keyBody(organisation: 'owner' | 'manufacturer'): Json {
  return { key: toBase64Url(evidenceKey(organisation).publicKey), module: TEST_MODULE, attestation: 'none' };
}

async function sent(contract: Contract, kind: string, body: Json): Promise<void> {
  await contract.submit('execute', { arguments: [kind, fromUtf8(canonicalJson(body))] });
}

async function endorsed(contract: Contract, kind: string, body: Json, endorsingOrganizations?: string[]) {
  const proposal = contract.newProposal('execute', {
    arguments: [kind, fromUtf8(canonicalJson(body))],
    ...(endorsingOrganizations === undefined ? {} : { endorsingOrganizations }),
  });
  return proposal.endorse();
}

/** Two transactions that want to write the same entry: the later one in the order is in conflict. */
async function rivals(manufacturers: Contract): Promise<void> {
  const both = [
    await endorsed(manufacturers, 'registerKey', keyBody('manufacturer')),
    await endorsed(manufacturers, 'registerKey', keyBody('manufacturer')),
  ];
  const submitted = await Promise.all(both.map((one) => one.submit()));
  for (const one of submitted) say(`rival: code ${(await one.getStatus()).code}`);
}

/** The same envelope sent twice. */
async function repeated(owners: Contract): Promise<void> {
  const one = await endorsed(owners, 'registerKey', { key: spareKey(), module: TEST_MODULE, attestation: 'none' });
  await (await one.submit()).getStatus();
  await one.submit();
}

function spareKey(): string {
  return toBase64Url(evidenceKey('stranger').publicKey);
}

async function underEndorsed(owners: Contract): Promise<void> {
  const one = await endorsed(owners, 'revokeKey', { key: spareKey() }, ['owner']);
  say(`one endorsement: code ${(await (await one.submit()).getStatus()).code}`);
}

/** Gives the readers' policy of the application a version more, signed by two admins of three. */
async function updateConfig(): Promise<void> {
  const { 'owner admin': owner, 'manufacturer admin': manufacturer } = people();
  const readers = { version: 1, type: 3, value: canonicalPolicy('Readers'), modPolicy: 'Admins' };
  const update = updateBytes(
    network.channel,
    { groups: { Application: {} } },
    { groups: { Application: { policies: { Readers: readers } } } },
  );
  const file = join(folder, '..', 'update.tx');
  writeFileSync(file, updateEnvelope(network.channel, update, owner!, [owner!, manufacturer!]));
  const settings = readNetworkFile(layout).settings;
  const orderer = ['-o', `127.0.0.1:${ordererPorts(settings).service}`, '--tls', '--cafile', layout.tlsRoot('orderer')];
  const commands = new FabricCommands(FABRIC_BINARIES);
  await commands.run(
    'peer',
    ['channel', 'update', '-f', file, '-c', network.channel, ...orderer],
    commandEnvironment(layout, settings, 'owner'),
  );
}

/** Hands envelopes straight to the orderer, which looks at their senders' signatures alone. */
async function broadcastJunk(genesis: Genesis): Promise<void> {
  const junk = await allJunk(new ForgedChain({}, { blocks: await readBlocks(network), genesis, people: people() }), Date.now());
  const settings = readNetworkFile(layout).settings;
  const client = new Client(`localhost:${ordererPorts(settings).service}`, credentials.createSsl(readFileSync(layout.tlsRoot('orderer'))));
  const asIs = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest('/orderer.AtomicBroadcast/Broadcast', asIs, asIs);
  const answers: number[] = [];
  stream.on('data', (answer: Buffer) => answers.push(decode({ status: int32(1) }, new Uint8Array(answer), 'answer').status));
  for (const { envelope } of junk) stream.write(Buffer.from(envelope));
  while (answers.length < junk.length) await setTimeout(50);
  stream.end();
  client.close();
  answers.forEach((status, index) => {
    if (status !== 200) say(`not ordered (${status}): ${junk[index]!.name}`);
  });
  await setTimeout(1000);
}

/** An `ImplicitMetaPolicy` of any sub-policy of this name. */
function canonicalPolicy(name: string): Bytes {
  return Uint8Array.from([0x0a, name.length, ...Buffer.from(name)]);
}

async function readBlocks({ channel }: DevNetwork): Promise<FabricBlockJson[]> {
  const environment = commandEnvironment(layout, readNetworkFile(layout).settings, 'owner');
  const commands = new FabricCommands(FABRIC_BINARIES);
  const { stdout } = await commands.run('peer', ['channel', 'getinfo', '-c', channel], environment);
  const height = Number(/"height":(\d+)/.exec(stdout)?.[1]);
  const blocks: FabricBlockJson[] = [];
  for (let number = 0; number < height; number++) {
    const file = join(folder, '..', `${number}.block`);
    await commands.run('peer', ['channel', 'fetch', String(number), file, '-c', channel], environment);
    blocks.push(blockJson(new Uint8Array(readFileSync(file))) as unknown as FabricBlockJson);
  }
  return blocks;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
