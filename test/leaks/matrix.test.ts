import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { showFigures } from './figures.ts';
import { runMatrix } from './matrix.ts';
import { Tally } from './scene.ts';
import { SERVICES, type ServiceName } from './services.ts';
import { NOT_BY_REQUEST } from './matrix-document.ts';

const LEAST_PROBES = 1000;
/** Three servers, each with six intruders. */
const MOST_UNANSWERED = 18;

describe('every secret, every denied role, every way a server can answer', () => {
  let tally = new Tally();

  before(async () => {
    tally = await runMatrix((line) => process.stdout.write(`  ${line}\n`));
  });

  test('not one leak', (t) => {
    showFigures(t, tally);
    assert.deepEqual(tally.findings, []);
  });

  test(`${LEAST_PROBES} requests were sent at least`, () => assert.ok(tally.probes >= LEAST_PROBES, `${tally.probes} requests`));

  test('all were answered but those of intruders whose connection was closed', () => {
    assert.ok(tally.unanswered <= MOST_UNANSWERED, `${tally.unanswered} of ${tally.probes} without an answer`);
    assert.ok(tally.answers > tally.probes, `${tally.answers} answers`);
  });

  for (const service of Object.keys(SERVICES) as ServiceName[]) {
    if (NOT_BY_REQUEST.has(service)) continue;
    test(`${service} was asked`, () => assert.ok(tally.probesOf(service) > 0));
  }
});
