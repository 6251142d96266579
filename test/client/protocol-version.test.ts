import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type StatusCode, StatusCodes } from 'node-opcua';
import { agreeOnVersion } from '../../src/client/protocol-version.ts';
import { commonVersion } from '../../src/core/index.ts';

/** What a server answers to the read of the property. */
function agree(statusCode: StatusCode, list: unknown, own = [0, 3]): Promise<number> {
  const session = { read: () => Promise.resolve({ statusCode, value: { value: list } }) };
  return agreeOnVersion({ session, nodeId: () => 'id' } as never, 'id', own, 'opc.tcp://owner:4840');
}

describe('the protocol version of two modules', () => {
  test('is the greatest that both speak', () => {
    assert.equal(commonVersion([0, 1, 2], [1, 2, 5]), 2);
    assert.equal(commonVersion([0], [1]), undefined);
    assert.equal(commonVersion([], []), undefined);
  });

  test('is 0 with a channel that does not say what it speaks', async () => {
    assert.equal(await agree(StatusCodes.BadNodeIdUnknown, null), 0);
    await assert.rejects(agree(StatusCodes.BadNodeIdUnknown, null, [1]), { code: 'NO_COMMON_VERSION' });
  });

  test('is chosen from an array as node-opcua decodes it', async () => {
    assert.equal(await agree(StatusCodes.Good, new Uint32Array([0, 3, 4])), 3);
    assert.equal(await agree(StatusCodes.Good, [0]), 0);
  });

  test('is not guessed from an answer that is none', async () => {
    for (const [status, list] of [
      [StatusCodes.BadUserAccessDenied, null],
      [StatusCodes.Good, []],
      [StatusCodes.Good, 3],
      [StatusCodes.Good, '03'],
      [StatusCodes.Good, new Uint32Array(65)],
    ] as const)
      await assert.rejects(agree(status, list), { code: 'BAD_ANSWER' });
  });
});
