import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ErrorDetail, GatewayError } from '@hyperledger/fabric-gateway';
import { UnavailableError } from '../../src/core/index.ts';
import type { FabricBlock } from '../../src/fabric-blocks/index.ts';
import { BLOCKS_BEFORE, BlockTimes } from '../../src/ledger/fabric/block-times.ts';
import {
  isDiscoveryRace,
  isLagOfOthers,
  isStranger,
  isTransportFault,
  isUnsent,
  refusalOf,
  textOf,
  unavailable,
} from '../../src/ledger/fabric/errors.ts';
import { BackOff, Forbearance } from '../../src/ledger/fabric/patience.ts';
import { CountingRandom } from '../support/ledger-network.ts';

function gatewayError(code: number, message: string, ...details: Partial<ErrorDetail>[]): GatewayError {
  const all = details.map((detail) => ({ address: 'peer:7051', mspId: 'owner', message: '', ...detail }));
  return new GatewayError({ code, message, details: all, cause: new Error(message) as never });
}

const refused = (code: string, mspId = 'owner'): Partial<ErrorDetail> => ({
  mspId,
  message: `chaincode response 500, ${JSON.stringify({ code, message: 'It is taken.' })}`,
});
const ABORTED = 10;
const UNAVAILABLE = 14;
const FAILED_PRECONDITION = 9;

describe("what Fabric's gateway says", () => {
  test("is a refusal where the own organisation's peer refuses, and nobody else's word is", () => {
    const own = gatewayError(ABORTED, 'failed to endorse', refused('NUMBER_TAKEN'));
    assert.deepEqual([refusalOf(own, 'owner')?.code, refusalOf(own, 'owner')?.message], ['NUMBER_TAKEN', 'It is taken.']);
    assert.equal(refusalOf(own, 'manufacturer'), undefined);
    const foreign = gatewayError(ABORTED, 'failed to collect', refused('NUMBER_TAKEN', 'manufacturer'));
    assert.equal(refusalOf(foreign, 'owner'), undefined);
    assert.equal(isLagOfOthers(foreign), true);
    const both = gatewayError(ABORTED, 'failed', refused('NO_CHANNEL', 'manufacturer'), refused('WRONG_CREATOR'));
    assert.equal(refusalOf(both, 'owner')?.code, 'WRONG_CREATOR');
  });

  test('is no refusal where the chaincode itself failed, or said something else', () => {
    const others = [
      'chaincode response 500, {',
      'chaincode response 500, {"code":7,"message":""}',
      'chaincode response 500, null',
      'error',
    ];
    const said = [refused('INTERNAL'), ...others.map((message) => ({ message }))];
    for (const detail of said) assert.equal(refusalOf(gatewayError(ABORTED, 'failed', detail), 'owner'), undefined);
    assert.equal(refusalOf(new Error('chaincode response 500'), 'owner'), undefined);
  });

  test('tells a peer that is not reached from orderers that are not', () => {
    const unreached = gatewayError(UNAVAILABLE, '14 UNAVAILABLE: No connection established. Last error: ECONNREFUSED');
    const lost = gatewayError(UNAVAILABLE, '14 UNAVAILABLE: read ECONNRESET');
    const late = gatewayError(4, '4 DEADLINE_EXCEEDED: Deadline exceeded');
    const orderers = gatewayError(UNAVAILABLE, '14 UNAVAILABLE: no orderers could successfully process transaction');
    const orderer = gatewayError(UNAVAILABLE, 'no orderers', { mspId: 'orderer', message: 'connection refused' });
    assert.deepEqual([unreached, lost, late, orderers, orderer].map(isTransportFault), [true, true, true, false, false]);
    assert.deepEqual([unreached, lost, late, orderers, orderer].map(isUnsent), [true, false, false, false, false]);
    assert.equal(isTransportFault(new Error('14 UNAVAILABLE')), false);
  });

  test('tells what passes by itself', () => {
    const race = gatewayError(FAILED_PRECONDITION, 'no combination of peers can be derived which satisfy the endorsement policy');
    assert.deepEqual([isDiscoveryRace(race), isLagOfOthers(race)], [true, false]);
    const mismatch = gatewayError(ABORTED, 'failed to assemble transaction: ProposalResponsePayloads do not match');
    assert.deepEqual([isDiscoveryRace(mismatch), isLagOfOthers(mismatch)], [false, true]);
    assert.equal(isLagOfOthers(gatewayError(ABORTED, 'failed', { mspId: 'manufacturer', message: 'connection refused' })), false);
    assert.deepEqual([isDiscoveryRace(new Error('no peers available')), isLagOfOthers(new Error('do not match'))], [false, false]);
  });

  test('tells an identity that the channel does not know', () => {
    assert.equal(isStranger(gatewayError(2, 'access denied: channel [dcmb] creator org [owner]')), true);
    assert.equal(isStranger(gatewayError(7, 'no')), true);
    assert.equal(isStranger(gatewayError(UNAVAILABLE, 'read ECONNRESET')), false);
  });

  test("becomes one sentence of the port's, with the stage, and what is one already stays", () => {
    const cause = gatewayError(ABORTED, 'failed', { mspId: 'manufacturer', message: `long\n${'x'.repeat(900)}` });
    const error = unavailable('NOT_ENDORSED', 'endorse', 'Not now', cause);
    assert.deepEqual([error.kind, error.code, error.details], ['Unavailable', 'NOT_ENDORSED', { stage: 'endorse' }]);
    assert.match(error.message, /^Not now \(failed; manufacturer at peer:7051: long x+\)\.$/);
    assert.ok(error.message.length < 350);
    const own = new UnavailableError('CLOSED', 'Closed.');
    assert.equal(unavailable('NOT_ENDORSED', 'endorse', 'Not now', own), own);
    assert.equal(textOf('text'), 'unknown fault');
  });
});

describe('patience', () => {
  test('with a condition is counted from its begin, and anew after it was over', async () => {
    const forbearance = new Forbearance(30);
    assert.equal(forbearance.bears(), true);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual([forbearance.bears(), forbearance.bears()], [false, false]);
    forbearance.over();
    assert.equal(forbearance.bears(), true);
  });

  test('between tries ends at once when nobody waits any more', async () => {
    const stop = new AbortController();
    const backOff = new BackOff(new CountingRandom('pauses'), stop.signal);
    for (let i = 0; i < 3; i++) await backOff.pause();
    const long = Promise.all(Array.from({ length: 10 }, () => backOff.pause()));
    stop.abort();
    await long;
    await backOff.pause();
  });
});

describe("a block's time", () => {
  const block = (number: number, timeMs: number): FabricBlock => {
    const transaction = { code: 0, chaincode: 'evidence', timeMs, writes: ['evidence'] };
    return { number, prev: '', hash: `hash ${number}`, transactions: [transaction] as never };
  };

  test(`is the greatest of its own and those of the ${BLOCKS_BEFORE} blocks before it, and 0 for block 0`, () => {
    const times = new BlockTimes('evidence');
    for (let number = 0; number <= 40; number++) times.add(block(number, number === 10 ? 5_000 : number));
    assert.deepEqual(times.info(0), { number: 0, hash: 'hash 0', timeMs: 0 });
    assert.equal(times.info(9)?.timeMs, 9);
    for (const number of [10, 20, 26]) assert.equal(times.info(number)?.timeMs, 5_000);
    assert.equal(times.info(27)?.timeMs, 27);
    assert.equal(times.newest, 40);
  });

  test('is not told before all that count are known', () => {
    const times = new BlockTimes('evidence');
    assert.deepEqual([times.info(3), times.missing(3), times.newest], [undefined, [0, 1, 2, 3], -1]);
    for (const number of [0, 2, 3]) times.add(block(number, number));
    assert.deepEqual([times.info(3), times.missing(3)], [undefined, [1]]);
    assert.deepEqual(
      times.missing(100),
      Array.from({ length: 17 }, (_, i) => 84 + i),
    );
    times.add(block(1, 9));
    assert.equal(times.info(3)?.timeMs, 9);
  });
});
