import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UnavailableError } from '../../src/core/index.ts';
import { clearedHooks } from '../../src/app/sender-servers.ts';

describe('what the manufacturer hands in while the owner has no store open', () => {
  const told: number[] = [];
  const hooks = clearedHooks(
    () => undefined,
    (k) => told.push(k),
  );
  const refused = (error: unknown): boolean => error instanceof UnavailableError && error.code === 'NOT_RUNNING';

  test('a countersigned epoch record is refused, so that it comes again', async () => {
    await assert.rejects(hooks.countersigned({ payloadType: '', payload: '', signatures: [] }), refused);
    assert.deepEqual(told, []);
  });

  test('a receipt is refused, so that it comes again', async () => {
    await assert.rejects(hooks.acknowledge({ payloadType: '', payload: '', signatures: [] }), refused);
  });

  test('what is asked for is not there yet', async () => {
    assert.deepEqual(
      [await hooks.fetchDelivery(0), await hooks.getEvidence(0), await hooks.epochProposal(0)],
      [undefined, undefined, undefined],
    );
  });
});
