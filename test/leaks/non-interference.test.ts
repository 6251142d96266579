import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test, type TestContext } from 'node:test';
import { LateRun, type Observation, observe, type Production } from './module-run.ts';
import { ModuleScene } from './module-scene.ts';
import type { Received, Transcript } from './transcript.ts';
import { MASKS } from './transcript-masks.ts';

/** `DCMB_INTERVAL_MS` gives a slow machine more time. */
const INTERVAL_MS = Number(process.env['DCMB_INTERVAL_MS'] ?? 2000);
const PUBLISH_DELAY_MS = Math.floor(0.35 * INTERVAL_MS);
const MOST_ATTEMPTS = 5;
const SEED = Number(process.env['DCMB_FUZZ_SEED'] ?? 20_261_123);
const WELL = { pieces: 5200, heat: 45 };

/*
 * Two runs of a module with different raw inputs and the same conditions are the same to a client of the cleared server, but
 * for what docs/non-interference.md lists.
 */
describe(`what a cleared server's client receives (seed ${SEED})`, () => {
  let scene: ModuleScene;
  const observed = new Map<string, Observation>();
  const of = (name: string): Observation => observed.get(name)!;

  before(async () => {
    scene = await ModuleScene.create(INTERVAL_MS, PUBLISH_DELAY_MS);
  });
  after(() => scene.end());

  async function observeOnTime(t: TestContext, name: string, production: Production): Promise<void> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      try {
        observed.set(name, await observe(scene, production));
        return;
      } catch (error) {
        if (!(error instanceof LateRun)) throw error;
        t.diagnostic(`once more for ${name}: ${error.message}`);
      }
    }
    throw new Error(`The machine was too slow ${MOST_ATTEMPTS} times for the schedule of ${name}.`);
  }

  test('is looked at without production, with one write and with a thousand writes an interval', async (t) => {
    await observeOnTime(t, 'no write', { writes: 0, seed: SEED, first: WELL });
    await observeOnTime(t, 'one write', { writes: 1, seed: SEED + 1, first: { pieces: 3017, heat: 31.5 } });
    await observeOnTime(t, 'a thousand writes', { writes: 1000, seed: SEED + 2, first: { pieces: 4444, heat: 40.25 } });
    const { answers, notifications } = of('no write').transcript;
    t.diagnostic(`${answers.length} answers, ${notifications.length} notifications`);
    assert.ok(answers.length > 20 && notifications.length >= 4);
  });

  for (const other of ['one write', 'a thousand writes']) {
    test(`is the same with ${other} as without any`, (t) => {
      assert.deepEqual(differences(of('no write').transcript, of(other).transcript), []);
      t.diagnostic(`masked: ${JSON.stringify(Object.fromEntries(of(other).masks))}`);
    });
    test(`has the same lengths on the wire with ${other} as without any`, (t) => {
      const compared = sameLengths(of('no write').transcript, of(other).transcript);
      t.diagnostic(`${compared} messages compared`);
      assert.ok(compared > 20);
    });
  }

  test('differs where a condition differs: the comparison sees it', async (t) => {
    await observeOnTime(t, 'another condition', { writes: 1, seed: SEED + 3, first: { pieces: 5350, heat: 45 } });
    const found = differences(of('no write').transcript, of('another condition').transcript);
    assert.ok(
      found.some((line) => /locale|text/.test(line) || /value/.test(line)),
      'a condition',
    );
  });

  test('is masked by nothing that the documentation does not list', () => {
    const text = readFileSync(new URL('../../docs/non-interference.md', import.meta.url), 'utf8');
    for (const mask of Object.values(MASKS)) assert.ok(text.includes(mask), mask);
  });
});

/** Every line in which two transcripts are not the same. */
function differences(one: Transcript, other: Transcript): string[] {
  return (['answers', 'notifications'] as const).flatMap((list) => {
    const count = Math.max(one[list].length, other[list].length);
    return Array.from({ length: count }, (_, index) => differenceOf(`${list} ${index}`, one[list][index], other[list][index])).flat();
  });
}

function differenceOf(where: string, one: Received | undefined, other: Received | undefined): string[] {
  if (one?.kind !== other?.kind) return [`${where}: ${one?.kind} and ${other?.kind}`];
  const sizes = one!.bytes === other!.bytes ? [] : [`${where} ${one!.kind}: ${one!.bytes} and ${other!.bytes} bytes`];
  const [left, right] = [one!.says, other!.says];
  const lines = Array.from({ length: Math.max(left.length, right.length) }, (_, index) => index).filter(
    (index) => left[index] !== right[index],
  );
  return [...sizes, ...lines.map((index) => `${where} ${one!.kind}: ${left[index]} and ${right[index]}`)];
}

/** Compares the encrypted lengths of messages that have the same length but for their clock times, too. Gives how many those are. */
function sameLengths(one: Transcript, other: Transcript): number {
  const pairs = (['answers', 'notifications'] as const).flatMap((list) =>
    one[list].map((each, index) => [each, other[list][index]!] as const),
  );
  const alike = pairs.filter(([left, right]) => left.bytesWithClock === right.bytesWithClock);
  assert.deepEqual(
    alike.map(([, right]) => right.wireBytes),
    alike.map(([left]) => left.wireBytes),
  );
  return alike.length;
}
