import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasCode } from '../../src/core/index.ts';
import { TokenSet } from '../../src/evidence/index.ts';
import { type EpochSecrets } from '../../src/transfer/index.ts';
import { secretsFor, termsFor, transferParams } from './fixture.ts';

const LARGE = transferParams({ epochIntervals: 1024, streams: 8, conditionDepth: 4, topDepth: 4 });

describe('a token set', () => {
  test('leaves the event loop free while it is built: a timer goes on ticking', async () => {
    const terms = termsFor(LARGE, { codes: Array.from({ length: 8 }, () => [0, 1, 2]) });
    const secrets = secretsFor(terms);
    const started = performance.now();
    let last = started;
    let ticks = 0;
    let longest = 0;
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      ticks++;
    }, 5);
    const { root } = await secrets.tokenSet(0);
    clearInterval(timer);
    const took = performance.now() - started;
    assert.ok(ticks > took / 100, `${ticks} ticks in ${took} ms`);
    assert.ok(longest < took / 4, `once nothing ticked for ${longest} of ${took} ms`);
    assert.deepEqual(root, TokenSet.build(terms.params, secrets.keysOf(0), (stream) => terms.codes[stream]!).root);
  });

  test('is built once, however many ask for it meanwhile or later', async () => {
    const secrets = secretsFor(termsFor());
    const [one, two, root] = await Promise.all([secrets.tokenSet(3), secrets.tokenSet(3), secrets.tokenRoot(3)]);
    assert.equal(one, two);
    assert.equal(one.root, root);
    assert.equal(await secrets.tokenSet(3), one);
  });

  test('that is built ahead is there when it is asked for', async () => {
    const secrets = secretsFor(termsFor());
    secrets.buildAhead(1);
    const set = await secrets.tokenSet(1);
    secrets.buildAhead(1);
    assert.equal(await secrets.tokenSet(1), set);
  });

  test('in use is not pushed out by the roots of many others, and the sets that are kept are few', async () => {
    const secrets = secretsFor(termsFor());
    const used = await secrets.tokenSet(0);
    for (let epoch = 1; epoch < 20; epoch++) await secrets.tokenRoot(epoch);
    assert.equal(await secrets.tokenSet(0), used);
    for (let epoch = 1; epoch < 20; epoch++) await secrets.tokenSet(epoch);
    assert.notEqual(await secrets.tokenSet(0), used);
  });

  test('whose key is erased while it is built is given out, but not kept', async () => {
    const secrets = secretsFor(termsFor());
    const building = secrets.tokenSet(0);
    secrets.eraseBefore(1);
    assert.equal((await building).epoch, 0);
    await assert.rejects(secrets.tokenSet(0), (error) => hasCode(error, 'OUTSIDE_EPOCH'));
  });

  test('that cannot be built fails for who asks for it, each time', async () => {
    const { params } = termsFor();
    const codes = Array.from({ length: params.codesPerSlot + 1 }, (_, code) => code);
    const secrets = secretsFor(termsFor(params, { codes: [codes, codes] }));
    secrets.buildAhead(0);
    for (let i = 0; i < 2; i++) await assert.rejects(secrets.tokenSet(0), (error) => hasCode(error, 'BAD_INPUT'));
  });

  test('is given up when the module stops', async () => {
    const terms = termsFor(LARGE, { codes: Array.from({ length: 8 }, () => [0]) });
    const secrets: EpochSecrets = secretsFor(terms);
    const building = secrets.tokenSet(0);
    secrets.close();
    await assert.rejects(building, (error) => hasCode(error, 'STOPPED'));
  });
});
