import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import manifest from '../../package.json' with { type: 'json' };
import { execute, genesisWrites, ledgerIdOf, MemoryState, MOST_TRANSACTION_BYTES, TransactionState } from '../../src/contract/index.ts';
import { canonicalJson, fromUtf8, toBase64Url, utf8 } from '../../src/core/index.ts';
import { invokeCertification } from '../../src/ledger/fabric/chaincode/certification.ts';
import { EvidenceChaincode } from '../../src/ledger/fabric/chaincode/evidence.ts';
import { compositeKey } from '../../src/ledger/fabric/chaincode/state.ts';
import { ChannelBench } from '../contract/fixture.ts';
import { codeOf, FakePeer, type FakeProposal, payloadOf, type Simulation } from '../support/fake-peer.ts';
import { TEST_MODULE, testBytes, testFabricGenesis, testGenesis, testSigner } from '../support/ledger-network.ts';
import { type LogEntry, transactionLog } from './transaction-log.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const GENESIS = testFabricGenesis();
const LEDGER = ledgerIdOf(GENESIS);
const text = (value: unknown) => fromUtf8(canonicalJson(value));
const by = (creator: string, changes: Partial<FakeProposal> = {}): FakeProposal => ({
  creator,
  timeMs: NOW_MS,
  chaincode: 'evidence',
  ...changes,
});
const keyBody = { key: toBase64Url(testSigner('a').publicKey), module: TEST_MODULE, attestation: 'none' };
const register = ['execute', 'registerKey', text(keyBody)] as const;

/** A peer whose evidence chaincode has the time given, and what that one logs. */
function evidencePeer({ nowMs = NOW_MS } = {}): { peer: FakePeer; log: string[] } {
  const log: string[] = [];
  const chaincode = new EvidenceChaincode({ clock: { now: () => nowMs }, log: (line) => log.push(line) });
  return { peer: new FakePeer((stub) => chaincode.invoke(stub)), log };
}

async function begunPeer(options: { nowMs?: number } = {}): Promise<{ peer: FakePeer; log: string[] }> {
  const { peer, log } = evidencePeer(options);
  assert.equal(codeOf(await peer.submit(by('owner'), 'genesis', text(GENESIS))), 'ok');
  return { peer, log };
}

function requireRefused(simulation: Simulation, code: string): void {
  assert.equal(codeOf(simulation), code, simulation.answer.message);
  assert.equal(simulation.writes.size, 0, 'a refused transaction wrote');
  assert.equal(simulation.events.length, 0, 'a refused transaction set an event');
}

describe('the evidence chaincode: genesis', () => {
  test('is taken once, stands under its key and gives the ledger its id', async () => {
    const { peer } = evidencePeer();
    assert.deepEqual(payloadOf(await peer.submit(by('owner'), 'about')), { contract: manifest.version, ledger: '', timeMs: NOW_MS });
    const genesis = await peer.submit(by('owner'), 'genesis', text(GENESIS));
    assert.deepEqual(payloadOf(genesis), { ledger: LEDGER });
    assert.deepEqual([...genesis.writes], [['\0genesis\0', canonicalJson(GENESIS)]]);
    assert.deepEqual(genesis.reads, ['\0genesis\0'], 'two at once conflict');
    assert.deepEqual(genesis.events, []);
    assert.deepEqual(payloadOf(await peer.submit(by('stranger'), 'about')), { contract: manifest.version, ledger: LEDGER, timeMs: NOW_MS });
    requireRefused(await peer.submit(by('owner'), 'genesis', text(GENESIS)), 'GENESIS_EXISTS');
  });

  test('is refused from a stranger, of another form, for another place and of another time', async () => {
    const { peer } = evidencePeer();
    const genesis = (...args: Parameters<typeof by>) => peer.submit(by(...args), 'genesis', text(GENESIS));
    requireRefused(await genesis('nobody'), 'NOT_A_MEMBER');
    requireRefused(await genesis('owner', { chaincode: 'evidence2' }), 'NOT_CALLED_DIRECTLY');
    requireRefused(await genesis('owner', { timeMs: NOW_MS - 300_001 }), 'DATED_BACK');
    requireRefused(await genesis('owner', { timeMs: NOW_MS + 5_001 }), 'DATED_AHEAD');
    requireRefused(await peer.submit(by('owner'), 'genesis', text(testGenesis())), 'BAD_GENESIS');
    requireRefused(await peer.submit(by('owner'), 'genesis', text({})), 'BAD_SHAPE');
    peer.channel = 'other';
    requireRefused(await genesis('owner'), 'OTHER_LEDGER');
    assert.equal(peer.state.size, 0);
  });

  test('comes before all else', async () => {
    const { peer } = evidencePeer();
    requireRefused(await peer.submit(by('owner'), ...register), 'NO_GENESIS');
    assert.equal(payloadOf(await peer.submit(by('owner'), 'query', 'genesis', '{}')), undefined);
  });
});

describe('the evidence chaincode: execute', () => {
  test("gives the contract's event as response and as the one chaincode event, and writes canonical values under composite keys", async () => {
    const { peer } = await begunPeer();
    const simulation = await peer.submit(by('owner'), ...register);
    const keyId = testSigner('a').keyId;
    const event = { kind: 'registerKey', channel: '', body: { organisation: 'owner', keyId, ...keyBody } };
    assert.deepEqual(payloadOf(simulation), event);
    assert.deepEqual(simulation.events, [{ name: 'dcmb', payload: canonicalJson(event) }]);
    const key = `\0key\0owner\0${keyId}\0`;
    assert.deepEqual([...simulation.writes], [[key, canonicalJson({ ...keyBody, revoked: false })]]);
    assert.deepEqual(simulation.reads, ['\0genesis\0', key]);
    assert.deepEqual(payloadOf(await peer.submit(by('stranger'), 'query', 'key', text({ organisation: 'owner', keyId }))), {
      ...keyBody,
      revoked: false,
    });
  });

  test('takes the sender from the proposal alone, and none who is no member', async () => {
    const { peer } = await begunPeer();
    await peer.submit(by('manufacturer'), ...register);
    assert.deepEqual([...peer.state.keys()].slice(1), [`\0key\0manufacturer\0${testSigner('a').keyId}\0`]);
    requireRefused(await peer.submit(by('nobody'), ...register), 'NOT_A_MEMBER');
    requireRefused(await peer.submit(by(''), ...register), 'NOT_A_MEMBER');
    requireRefused(await peer.submit(by('owner'), 'execute', 'registerKey', text({ ...keyBody, creator: 'manufacturer' })), 'BAD_SHAPE');
  });

  test('refuses to be called by another chaincode, whose events would be the only ones', async () => {
    const { peer } = await begunPeer();
    requireRefused(await peer.submit(by('owner', { chaincode: 'wrapper' }), ...register), 'NOT_CALLED_DIRECTLY');
    requireRefused(await peer.submit(by('owner', { chaincode: '' }), ...register), 'NOT_CALLED_DIRECTLY');
  });

  test("takes the proposal's time, in whole ms, close to the endorser's clock only", async () => {
    const { peer } = await begunPeer();
    const taken = (changes: Partial<FakeProposal>) => peer.simulate(by('owner', changes), ...register);
    for (const timeMs of [NOW_MS - 300_000, NOW_MS + 5_000]) assert.equal(codeOf(await taken({ timeMs, nanos: 999_999 })), 'ok');
    requireRefused(await taken({ timeMs: NOW_MS - 300_001, nanos: 999_999 }), 'DATED_BACK');
    requireRefused(await taken({ timeMs: NOW_MS + 5_001 }), 'DATED_AHEAD');
    requireRefused(await taken({ timeMs: NOW_MS - 366 * 86_400_000 }), 'DATED_BACK');
    requireRefused(await taken({ timeMs: 0 }), 'DATED_BACK');
    requireRefused(await taken({ timeMs: 253_402_300_799_000 }), 'DATED_AHEAD');
    requireRefused(await taken({ timeMs: 253_402_300_800_000 }), 'BAD_SHAPE');
    requireRefused(await taken({ timeMs: -1 }), 'BAD_SHAPE');
    requireRefused(await taken({ nanos: 1_000_000_000 }), 'BAD_SHAPE');
  });

  test('refuses by the code of the contract, which is checked for its form in the whole', async () => {
    const { peer } = await begunPeer();
    await peer.submit(by('owner'), ...register);
    const repeated = await peer.submit(by('owner'), ...register);
    requireRefused(repeated, 'KEY_EXISTS');
    assert.deepEqual(Object.keys(JSON.parse(repeated.answer.message ?? '') as object), ['code', 'message']);
    requireRefused(await peer.submit(by('owner'), 'execute', 'genesis', '{}'), 'UNKNOWN_KIND');
    requireRefused(await peer.submit(by('owner'), 'execute', '__proto__', '{}'), 'UNKNOWN_KIND');
  });
});

describe('the evidence chaincode: what it is called with', () => {
  test('has an answer to every call that cannot be one, and never throws', async () => {
    const { peer } = await begunPeer();
    const calls: [string, (string | Uint8Array)[]][] = [
      ['BAD_CALL', []],
      ['BAD_CALL', ['']],
      ['BAD_CALL', ['constructor']],
      ['BAD_CALL', ['execute']],
      ['BAD_CALL', ['execute', 'registerKey']],
      ['BAD_CALL', ['execute', 'registerKey', text(keyBody), '']],
      ['BAD_CALL', ['about', '']],
      ['BAD_UTF8', [new Uint8Array([0xff])]],
      ['BAD_UTF8', ['execute', new Uint8Array([0xc0, 0x80]), '{}']],
      ['NOT_CANONICAL', ['execute', 'registerKey', '']],
      ['NOT_CANONICAL', ['execute', 'registerKey', ` ${text(keyBody)}`]],
      ['NOT_CANONICAL', ['execute', 'registerKey', new Uint8Array([0x22, 0xff, 0x22])]],
      ['NOT_CANONICAL', ['execute', 'registerKey', '['.repeat(100_000)]],
      ['NOT_CANONICAL', ['execute', 'registerKey', `${'['.repeat(100)}${']'.repeat(100)}`]],
      ['TRANSACTION_TOO_LARGE', ['execute', 'registerKey', text('x'.repeat(MOST_TRANSACTION_BYTES - 1))]],
      ['BAD_QUERY', ['query', 'everything', '{}']],
      ['BAD_SHAPE', ['query', 'channel', '{}']],
    ];
    for (const [code, args] of calls) requireRefused(await peer.submit(by('owner'), ...args), code);
    assert.equal(codeOf(await peer.submit(by('owner'), ...register)), 'ok');
  });

  test('answers whatever bytes come, and logs none of them', async () => {
    const { peer, log } = await begunPeer();
    const SECRET = 'do-not-log-this';
    const bytes = fc.uint8Array({ maxLength: 64 });
    const argument = fc.oneof(bytes, fc.constantFrom<string>('execute', 'query', 'genesis', 'anchor', '{}', SECRET, `{"${SECRET}":1}`));
    await fc.assert(
      fc.asyncProperty(fc.array(argument, { maxLength: 4 }), async (args) => {
        const { answer, writes } = await peer.simulate(by('owner'), ...args);
        assert.ok(answer.status === 200 || answer.status === 500);
        assert.equal(writes.size, 0);
      }),
    );
    assert.ok(log.length > 0);
    for (const line of log) {
      assert.doesNotMatch(line, /do-not-log/);
      assert.match(line, /^(\?|genesis|execute|query|about) (refused: [A-Z0-9_]+|registerKey)$/);
    }
  });

  test('a fault of the peer is INTERNAL, is not told as a refusal, and the next call works', async () => {
    const { peer, log } = await begunPeer();
    peer.fault = new Error('do-not-log-this');
    const failed = await peer.submit(by('owner'), ...register);
    requireRefused(failed, 'INTERNAL');
    assert.doesNotMatch(`${failed.answer.message} ${log.join(' ')}`, /do-not-log/);
    assert.match(log.at(-1) ?? '', /^execute failed: Error at /);
    peer.fault = undefined;
    assert.equal(codeOf(await peer.submit(by('owner'), ...register)), 'ok');
  });
});

describe('the certification chaincode', () => {
  const peer = new FakePeer((stub) => invokeCertification(stub, () => undefined));
  const stub = { createCompositeKey: (type: string, parts: string[]) => `\0${type}\0${parts.map((part) => `${part}\0`).join('')}` };

  test('gives a value by its key, nothing where there is none, and takes nothing', async () => {
    peer.state.set(compositeKey(stub, 'status~abc'), utf8('{"status":"certified"}'));
    assert.deepEqual(payloadOf(await peer.submit(by('owner'), 'get', 'status~abc')), { status: 'certified' });
    assert.equal(payloadOf(await peer.submit(by('owner'), 'get', 'status~abd')), undefined);
    assert.deepEqual(payloadOf(await peer.submit(by('owner'), 'about')), { contract: manifest.version });
    for (const args of [['put', 'status~abc', '{}'], ['get'], ['get', 'a', 'b'], ['get', ''], ['get', 'status~'], ['get', '~']]) {
      requireRefused(await peer.submit(by('owner'), ...args), 'BAD_CALL');
    }
  });
});

describe('one log of transactions through the contract and through the chaincode', () => {
  const bench = new ChannelBench({ genesis: GENESIS });

  async function replay(peer: FakePeer, log: readonly LogEntry[], atMs: number): Promise<Simulation[]> {
    const simulations: Simulation[] = [];
    for (const { creator, kind, body } of log) {
      simulations.push(await peer.submit(by(creator, { timeMs: atMs }), 'execute', kind, text(body)));
    }
    return simulations;
  }

  test('gives the same events, refusals and state', async () => {
    const log = await transactionLog(bench);
    const state = new MemoryState();
    state.apply(genesisWrites(GENESIS));
    const { peer } = await begunPeer();
    const simulations = await replay(peer, log, NOW_MS);
    for (const [place, { creator, kind, body, refused = 'ok' }] of log.entries()) {
      const own = new TransactionState(state);
      const context = { creator, timeMs: NOW_MS, nowMs: NOW_MS, ledgerId: LEDGER };
      const expected = await execute(own, context, { kind, body }).catch((error: { code: string }) => error.code);
      if (typeof expected !== 'string') state.apply(own.writes);
      const simulation = simulations[place]!;
      assert.equal(codeOf(simulation), refused, `${place} ${kind}: ${simulation.answer.message}`);
      if (refused === 'ok') assert.deepEqual(payloadOf(simulation), expected);
      else assert.equal(refused, expected);
    }
    const stored = new Map([...state.entries()].map(([key, value]) => [compositeKey(stubKeys, key), canonicalJson(value)]));
    assert.deepEqual(new Map([...peer.state].toSorted()), new Map([...stored].toSorted()));
  });

  test('has the same reads, writes and events on two endorsers, whatever their clocks and however slow each read', async () => {
    const log = await transactionLog(bench);
    const peers = [(await begunPeer({ nowMs: NOW_MS - 4_000 })).peer, (await begunPeer({ nowMs: NOW_MS + 200_000 })).peer];
    let read = 0;
    peers[1]!.readMs = () => (read++ % 7 === 0 ? 2 : 0);
    const [first, second] = await Promise.all(peers.map((peer) => replay(peer, log, NOW_MS)));
    for (const [place, { kind }] of log.entries()) {
      const [one, other] = [first![place]!, second![place]!].map(({ answer, reads, writes, events }) => {
        return { answer, events, reads: reads.toSorted(), writes: [...writes].toSorted() };
      });
      assert.deepEqual(one, other, kind);
    }
  });

  test('reads one of the keys that it writes, so that two at once conflict, and the status of the module with every anchor', async () => {
    const log = await transactionLog(bench);
    const simulations = await replay((await begunPeer()).peer, log, NOW_MS);
    for (const [place, { kind }] of log.entries()) {
      const { writes, reads } = simulations[place]!;
      if (writes.size > 0)
        assert.ok(
          [...writes.keys()].some((key) => reads.includes(key)),
          kind,
        );
      const isAnchor = kind === 'anchor' && writes.size > 0;
      assert.equal(reads.includes(`certification/status~${TEST_MODULE}`), isAnchor, `${place} ${kind}`);
    }
  });

  test("takes the certification chaincode's word on a module, and nothing while that one fails", async () => {
    const log = await transactionLog(bench);
    const { peer } = await begunPeer();
    await replay(
      peer,
      log.slice(
        0,
        log.findIndex(({ kind }) => kind === 'anchor'),
      ),
      NOW_MS,
    );
    const { anchor, bare } = await bench.seal({ n: 0, interval: 0 });
    peer.certificationStatus = 500;
    requireRefused(await peer.submit(by('owner'), 'execute', 'anchor', text(anchor)), 'CERTIFICATION_UNAVAILABLE');
    peer.certificationStatus = 0;
    requireRefused(await peer.submit(by('owner'), 'execute', 'anchor', text(anchor)), 'CERTIFICATION_UNAVAILABLE');
    peer.certificationStatus = 200;
    const revoked = { status: 'revoked', id: 'none', notBeforeMs: 0, notAfterMs: Number.MAX_SAFE_INTEGER };
    peer.certification.set(`status~${TEST_MODULE}`, canonicalJson(revoked));
    requireRefused(await peer.submit(by('owner'), 'execute', 'anchor', text(anchor)), 'UNCERTIFIED_TOKENS');
    const { body } = payloadOf(await peer.submit(by('owner'), 'execute', 'anchor', text(bare))) as { body: { marks: string[] } };
    assert.deepEqual(body.marks, ['UNCERTIFIED']);
  });

  test("writes no key twice that another channel's transaction writes: only the genesis is common to all", async () => {
    const other = testFabricGenesis({ nonce: toBase64Url(testBytes('another genesis')) });
    const keysOf = async (genesis: typeof GENESIS): Promise<string[]> => {
      const { peer } = evidencePeer();
      await peer.submit(by('owner'), 'genesis', text(genesis));
      await replay(peer, await transactionLog(new ChannelBench({ genesis })), NOW_MS);
      return [...peer.state.keys()].filter((key) => !key.startsWith('\0key\0'));
    };
    const [one, two] = [await keysOf(GENESIS), await keysOf(other)];
    assert.deepEqual(
      one.filter((key) => two.includes(key)),
      ['\0genesis\0'],
    );
  });
});

const stubKeys = { createCompositeKey: (type: string, parts: string[]) => `\0${type}\0${parts.map((part) => `${part}\0`).join('')}` };
