import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { type Bytes, concat, utf8 } from '../../src/core/index.ts';
import { bytesField as bytesOf, decode, int32, text } from '../../src/fabric-blocks/index.ts';
import { splitEnvelope, readPayload } from '../../src/fabric-blocks/envelope.ts';
import { readEndorsed } from '../../src/fabric-blocks/transaction.ts';
import { readAccesses } from '../../src/fabric-blocks/rw-set.ts';
import { ChannelBench } from '../contract/fixture.ts';
import { fabricLedgers } from '../support/fabric-ledgers.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { bytesField, headerOf, integerField } from '../support/fake-peer.ts';
import { freePorts } from '../support/free-ports.ts';
import { openTestChannel, ORGANISATIONS, send, TEST_MODULE } from '../support/ledger-network.ts';
import { until } from '../support/until.ts';

const network = await fabricNetwork({ after }, { organisations: ORGANISATIONS });

const MAIN = fileURLToPath(new URL('../../src/ledger/fabric/chaincode/main.ts', import.meta.url));
const SERVICES = join(network.folder, 'crypto/peerOrganizations/services.dcmb.test/peers');
const tlsFile = (host: string, name: string) => join(SERVICES, `${host}.services.dcmb.test`, 'tls', name);

/** protos.ChaincodeMessage.Type */
const TYPES = {
  registered: 2,
  init: 3,
  ready: 4,
  transaction: 5,
  completed: 6,
  getState: 8,
  response: 13,
  keepalive: 18,
  unknown: 99,
} as const;
type TypeName = keyof typeof TYPES;
const MessageShape = { type: int32(1), payload: bytesOf(3), txId: text(4) };
const AnswerShape = { status: int32(1), message: text(2), payload: bytesOf(3) };

/** A service of the test's own, beside those of the network. */
async function service(t: TestContext): Promise<{ process: ChildProcess; port: number; output: () => string }> {
  const port = await freePorts(1);
  const files = ['--tls-key', tlsFile('evidence', 'server.key'), '--tls-cert', tlsFile('evidence', 'server.crt')];
  const where = ['--id', 'test:1', '--address', `127.0.0.1:${port}`, '--client-ca', tlsFile('dialler', 'ca.crt')];
  const child = spawn(process.execPath, [MAIN, '--name', 'evidence', ...where, ...files]);
  t.after(() => child.kill('SIGKILL'));
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => void output.push(data.toString()));
  await until('it listens', () => /listens on/.test(output.join('')), 20_000);
  return { process: child, port, output: () => output.join('') };
}

/** A peer that has dialled a service, and says what it likes. */
class Dialler {
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Bytes, Bytes>;
  readonly heard: { type: number; payload: Bytes; txId: string }[] = [];
  failure: Error | undefined;

  constructor(port: number, certificate: 'dialler' | 'none') {
    const [root, key, chain] = [
      readFileSync(tlsFile('dialler', 'ca.crt')),
      tlsFile('dialler', 'server.key'),
      tlsFile('dialler', 'server.crt'),
    ];
    const tls = certificate === 'none' ? credentials.createSsl(root) : credentials.createSsl(root, readFileSync(key), readFileSync(chain));
    this.#client = new Client(`localhost:${port}`, tls, { 'grpc.max_send_message_length': -1, 'grpc.use_local_subchannel_pool': 1 });
    const same = (bytes: Bytes) => Buffer.from(bytes);
    this.#stream = this.#client.makeBidiStreamRequest('/protos.Chaincode/Connect', same, (bytes) => bytes as Bytes);
    this.#stream.on('data', (bytes: Bytes) => void this.heard.push(decode(MessageShape, new Uint8Array(bytes), 'message')));
    this.#stream.on('error', (error: Error) => (this.failure = error));
  }

  say(type: TypeName, txId = '', payload: Bytes = new Uint8Array(0), ...more: Bytes[]): void {
    const fields = [integerField(1, BigInt(TYPES[type])), bytesField(3, payload), bytesField(4, utf8(txId)), ...more];
    this.#stream.write(concat(...fields, bytesField(7, utf8('dcmb'))));
  }

  /** Calls the chaincode's function; answers its reads with nothing. @returns code of the refusal, or the payload's text */
  async call(txId: string, ...args: Bytes[]): Promise<string> {
    const header = headerOf({ creator: 'owner', timeMs: Date.now(), chaincode: 'evidence' });
    const proposal = concat(bytesField(1, header), bytesField(2, bytesField(1, utf8('input'))));
    this.say('transaction', txId, concat(...args.map((argument) => bytesField(1, argument))), bytesField(5, bytesField(1, proposal)));
    const answer = await this.answerTo(txId);
    const { status, message: said, payload } = decode(AnswerShape, answer, 'answer');
    return status === 200 ? Buffer.from(payload).toString() : (JSON.parse(said) as { code: string }).code;
  }

  async answerTo(txId: string): Promise<Bytes> {
    const of = (type: TypeName) => this.heard.find((one) => one.txId === txId && one.type === TYPES[type]);
    await until(`an answer to ${txId}`, () => {
      const reading = of('getState');
      if (reading !== undefined) {
        this.heard.splice(this.heard.indexOf(reading), 1);
        this.say('response', txId);
      }
      return of('completed') !== undefined;
    });
    return of('completed')!.payload;
  }

  async greet(): Promise<void> {
    await until('it registers', () => this.heard.length > 0 || this.failure !== undefined, 10_000);
    this.say('registered');
    this.say('ready');
  }

  close(): void {
    this.#stream.on('error', () => undefined);
    this.#stream.cancel();
    this.#client.close();
  }
}

async function dial(t: TestContext, port: number, certificate: 'dialler' | 'none' = 'dialler'): Promise<Dialler> {
  const dialler = new Dialler(port, certificate);
  t.after(() => dialler.close());
  await dialler.greet();
  return dialler;
}

const about = [utf8('about')];

describe('a chaincode as a service', () => {
  test('answers a peer, and nobody without a certificate of its CA', async (t) => {
    const { port } = await service(t);
    const peer = await dial(t, port);
    assert.match(await peer.call('tx1', ...about), /"ledger":""/);
    const stranger = new Dialler(port, 'none');
    t.after(() => stranger.close());
    await until('it is turned away', () => stranger.failure !== undefined, 10_000);
    assert.deepEqual(stranger.heard, []);
    assert.match(await peer.call('tx2', ...about), /"ledger":""/);
  });

  test('goes on after whatever one peer says, also for the others', async (t) => {
    const { process: child, port } = await service(t);
    const [bad, worse, good] = [await dial(t, port), await dial(t, port), await dial(t, port)];
    bad.say('keepalive');
    bad.say('unknown', 'tx0', utf8('junk'));
    bad.say('transaction', 'tx1', new Uint8Array([0xff, 0xff]));
    bad.say('transaction', 'tx2', bytesField(1, utf8('about')));
    bad.say('response', 'tx4', utf8('of nothing that was asked'));
    bad.say('init', 'tx5', bytesField(1, utf8('about')));
    bad.say('registered');
    // No message at all: its stream ends.
    worse.say('transaction', 'tx3', bytesField(1, utf8('about')), bytesField(5, utf8('junk')));
    assert.equal(await good.call('tx6', utf8('execute'), utf8('anchor'), new Uint8Array(6_000_000)), 'TRANSACTION_TOO_LARGE');
    assert.equal(await good.call('tx7', new Uint8Array([0xff])), 'BAD_UTF8');
    assert.equal(await good.call('tx8', utf8('execute'), utf8('anchor'), utf8('{}')), 'NO_GENESIS');
    assert.match(await good.call('tx9', ...about), /"ledger":""/);
    assert.match(await bad.call('tx10', ...about), /"ledger":""/);
    assert.deepEqual([child.exitCode, bad.failure, good.failure], [null, undefined, undefined]);
  });

  test('refuses an initialisation, which nothing of it needs', async (t) => {
    const { port } = await service(t);
    const peer = await dial(t, port);
    const proposal = concat(
      bytesField(1, headerOf({ creator: 'owner', timeMs: Date.now(), chaincode: 'evidence' })),
      bytesField(2, bytesField(1, utf8('input'))),
    );
    peer.say('init', 'tx1', bytesField(1, utf8('about')), bytesField(5, bytesField(1, proposal)));
    const { status, message: said } = decode(AnswerShape, await peer.answerTo('tx1'), 'answer');
    assert.deepEqual([status, (JSON.parse(said) as { code: string }).code], [500, 'BAD_CALL']);
  });

  test('ends on SIGTERM with code 0, also while peers are there, and has logged kinds and codes only', async (t) => {
    const { process: child, port, output } = await service(t);
    const peer = await dial(t, port);
    await peer.call('tx1', utf8('execute'), utf8('do-not-log-this'), utf8('{"do-not-log-this":1}'));
    await peer.call('tx2', utf8('do-not-log-this'));
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
    assert.doesNotMatch(output(), /do-not-log|Warning/);
    const lines = output().trim().split('\n');
    assert.match(lines[1] ?? '', /^\S+ execute refused: NO_GENESIS$/);
    assert.match(lines[2] ?? '', /^\S+ \? refused: BAD_CALL$/);
    assert.equal(lines.length, 4);
  });

  test('says in one line why it cannot be served', async () => {
    for (const args of [[], ['--name', 'evidence'], ['--name', 'other', '--unknown', '1']]) {
      const child = spawn(process.execPath, [MAIN, ...args]);
      const errors: string[] = [];
      child.stderr.on('data', (data: Buffer) => void errors.push(data.toString()));
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 1);
      assert.match(errors.join(''), /^The chaincode can't be served: .*\n$/);
    }
  });
});

describe('the read set of an anchor on Fabric', () => {
  test("holds the certification's key of its module, so that a vote ordered earlier makes the anchor invalid", async (t) => {
    const { genesis, open, chaincode } = await fabricLedgers({ after: (clean) => t.after(clean) }, network);
    const [owner, manufacturer] = [await open('owner'), await open('manufacturer')];
    await openTestChannel(owner, manufacturer);
    const bench = new ChannelBench({ genesis });
    const { block } = await send(owner, 'anchor', (await bench.seal({ n: 0, interval: 0 })).bare);
    const [stored] = (await owner.blocks(block.number, block.number)) as unknown as [{ data: string[] }];
    const { payload } = splitEnvelope(new Uint8Array(Buffer.from(stored.data[0]!, 'base64url')));
    const accesses = readAccesses(readEndorsed(readPayload(payload).data).action!.results);
    const keys = (namespace: string) => accesses.filter((access) => access.namespace === namespace).flatMap(({ reads }) => reads);
    assert.deepEqual(keys('certification'), [{ key: `\0status\0${TEST_MODULE}\0`, version: undefined }]);
    assert.ok(keys(chaincode).some(({ key }) => key === `\0b\0${bench.channel}\x000\0`));
    assert.ok(keys('_lifecycle').some(({ key }) => key === `namespaces/fields/certification/Sequence`));
  });
});
