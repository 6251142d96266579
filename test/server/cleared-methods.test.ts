import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { AttributeIds, DataType, StatusCodes } from 'node-opcua';
import { type Json, RejectedError, UnavailableError } from '../../src/core/index.ts';
import { channelChildId, channelNodeId, streamChildId } from '../../src/nodeset/index.ts';
import type { ClearedServerConfig } from '../../src/server/cleared/index.ts';
import { thumbprintOf } from '../../src/server/identity/index.ts';
import { CHANNEL, type Cleared, cleared, type View, viewing } from './cleared-support.ts';
import { certificateUser, identity, passwordUser, until } from './support.ts';

describe('the methods of a cleared server', () => {
  let on: Cleared;
  const receipts: Json[] = [];
  before(async () => {
    on = await cleared({
      acknowledge: (receipt) => {
        receipts.push(receipt);
        return (receipt as { n?: number }).n === 1 ? Promise.resolve() : Promise.reject(new RejectedError('BAD', 'a secret detail'));
      },
      getEvidence: (n) => Promise.reject(n === 1 ? new UnavailableError('DOWN', 'a secret detail') : new Error('a secret detail')),
      epochProposal: (k) => Promise.resolve({ k }),
    });
  });
  after(() => on.server.stop());

  test('the manufacturer fetches and acknowledges', async () => {
    await viewing(on, certificateUser(on.manufacturer), async (view) => {
      const delivery = await view.call('FetchDelivery', DataType.UInt32, 7);
      assert.equal(delivery.statusCode, StatusCodes.Good);
      assert.deepEqual(JSON.parse(String(delivery.outputArguments?.[0]?.value)), { delivery: 7 });
      assert.equal((await view.call('Acknowledge', DataType.String, '{"n":1}')).statusCode, StatusCodes.Good);
      assert.deepEqual(receipts, [{ n: 1 }]);
      const proposal = await view.call('FetchEpochRecord', DataType.UInt32, 3);
      assert.deepEqual(JSON.parse(String(proposal.outputArguments?.[0]?.value)), { k: 3 });
      assert.equal((await view.call('CountersignEpochRecord', DataType.String, '{}')).statusCode, StatusCodes.Good);
    });
  });

  test('what goes wrong is a status without details', async () => {
    await viewing(on, certificateUser(on.manufacturer), async (view) => {
      const status = async (...call: Parameters<View['call']>) => {
        const result = await view.call(...call);
        assert.ok(!JSON.stringify(result.toJSON()).includes('secret'));
        return result.statusCode.name;
      };
      assert.equal(await status('FetchDelivery', DataType.UInt32, 8), 'BadNotFound');
      assert.equal(await status('Acknowledge', DataType.String, '{"n":2}'), 'BadInvalidArgument');
      assert.equal(await status('Acknowledge', DataType.String, 'no JSON'), 'BadInvalidArgument');
      assert.equal(await status('Acknowledge', DataType.String, ''), 'BadInvalidArgument');
      assert.equal(await status('Acknowledge', DataType.String, `"${'x'.repeat(300_000)}"`), 'BadInvalidArgument');
      assert.equal(await status('Acknowledge', DataType.UInt32, 1), 'BadInvalidArgument');
      assert.equal(await status('GetEvidence', DataType.UInt32, 1), 'BadResourceUnavailable');
      assert.equal(await status('GetEvidence', DataType.UInt32, 2), 'BadResourceUnavailable');
    });
  });

  test('the auditor may ask for evidence, and for nothing that speaks for the recipient', async () => {
    await viewing(on, passwordUser('auditor', 'correct horse'), async (view) => {
      assert.equal((await view.call('GetEvidence', DataType.UInt32, 1)).statusCode.name, 'BadResourceUnavailable');
      for (const method of ['FetchDelivery', 'FetchEpochRecord'] as const) {
        assert.equal((await view.call(method, DataType.UInt32, 7)).statusCode.name, 'BadUserAccessDenied', method);
      }
      for (const method of ['Acknowledge', 'CountersignEpochRecord'] as const) {
        assert.equal((await view.call(method, DataType.String, '{"n":1}')).statusCode.name, 'BadUserAccessDenied', method);
      }
    });
  });

  test('the module is told who wrote and called, what was refused, and nothing of what was in it', async () => {
    const user = `x509:${thumbprintOf(on.manufacturer.certificate)}`;
    on.events.length = 0;
    await viewing(on, certificateUser(on.manufacturer), async (view) => {
      await view.call('Acknowledge', DataType.String, '{"n":2,"canary":53677635}');
      const nodeId = view.id(streamChildId(CHANNEL, 'wear', 'ConditionCode'));
      const values = [53_677_635, 53_677_636].map((value) => ({ value: { dataType: DataType.Int32, value } }));
      await view.session.write(values.map((value) => ({ nodeId, attributeId: AttributeIds.Value, value })));
      await view.session.read({ nodeId: 'ns=1;s=nowhere' });
    });
    await viewing(on, passwordUser('auditor', 'correct horse'), (view) => view.call('FetchDelivery', DataType.UInt32, 7));
    const audits = on.events
      .filter((event) => event.kind === 'audited')
      .map(({ kind: _, commitment, ...audit }) => {
        assert.match(commitment, /^[\w-]{43}$/);
        return audit;
      });
    assert.deepEqual(audits, [
      { service: 'Call', user, method: 'Acknowledge', status: 'BadInvalidArgument', nodes: 1 },
      { service: 'Write', user, method: '', status: 'BadNotWritable', nodes: 2 },
      { service: 'Call', user: 'auditor', method: 'FetchDelivery', status: 'BadUserAccessDenied', nodes: 1 },
    ]);
    const refusals = () => on.events.flatMap((event) => (event.kind === 'refusals' ? event.refusals : []));
    const sum = (service: string, status: string): number =>
      refusals()
        .filter((each) => each.service === service && each.status === status)
        .reduce((all, { count }) => all + count, 0);
    await until('the refusals', () => sum('Read', 'BadNodeIdUnknown') > 0);
    assert.equal(sum('Write', 'BadNotWritable'), 2);
    assert.equal(sum('Read', 'BadNodeIdUnknown'), 1);
    assert.doesNotMatch(JSON.stringify(on.events), /canary|5367763/);
  });
});

test('polling for what is not there, however often, leaves what was done told, and its number is told at the end', async () => {
  const on = await cleared();
  const audited = (method: string, status: string) =>
    on.events.filter((event) => event.kind === 'audited' && event.method === method && event.status === status).length;
  try {
    await viewing(on, certificateUser(on.manufacturer), async (view) => {
      const fetch = {
        objectId: view.id(channelNodeId(CHANNEL)),
        methodId: view.id(channelChildId(CHANNEL, 'FetchDelivery')),
        inputArguments: [{ dataType: DataType.UInt32, value: 1000 }],
      };
      for (let i = 0; i < 3; i++) await view.session.call(Array.from({ length: 100 }, () => fetch));
      await view.call('FetchDelivery', DataType.UInt32, 7);
      await view.call('Acknowledge', DataType.String, '{}');
    });
  } finally {
    await on.server.stop();
  }
  assert.deepEqual([audited('FetchDelivery', 'Good'), audited('Acknowledge', 'Good')], [1, 1]);
  const counted = on.events.flatMap((event) => (event.kind === 'unaudited' ? event.unaudited : []));
  const sum = counted.reduce(
    (all, { method, status, count }) => all + (`${method} ${status}` === 'FetchDelivery BadNotFound' ? count : 0),
    0,
  );
  assert.equal(sum + audited('FetchDelivery', 'BadNotFound'), 300);
  assert.ok(sum >= 180, 'at most 60 a minute were told by themselves');
});

describe('a cleared server that only passes data on', () => {
  test('has no methods, other readers, other words', async () => {
    const config: Partial<ClearedServerConfig> = { methods: [], readers: ['Auditor'], locale: 'de' };
    const on = await cleared({}, config);
    try {
      await assert.rejects(viewing(on, certificateUser(on.manufacturer), () => Promise.resolve()));
      await viewing(on, passwordUser('auditor', 'correct horse'), async (view) => {
        const method = await view.session.read({
          nodeId: view.id(channelChildId(CHANNEL, 'FetchDelivery')),
          attributeId: AttributeIds.BrowseName,
        });
        assert.equal(method.statusCode.name, 'BadNodeIdUnknown');
        on.server.publish([{ stream: 0, code: 1, gridMs: 1000, nextMs: 2000, batch: 0, publishAtMs: 0 }]);
        await until('it is shown', async () =>
          String((await view.read('wear', 'Condition')).value.value).endsWith('text=Wartung steht bevor'),
        );
      });
    } finally {
      await on.server.stop();
    }
  });

  test('a start that fails is told with its reason', async () => {
    await assert.rejects(cleared({}, { host: '203.0.113.1' }), { code: 'CLEARED_START_FAILED', message: /EADDRNOTAVAIL/ });
    const own = await identity('cleared');
    await assert.rejects(cleared({}, { identity: { ...own, privateKeyPem: 'no key' } }), { code: 'CLEARED_START_FAILED' });
  });

  test('a port in use is told in one sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { port } = other.address() as AddressInfo;
      await assert.rejects(
        cleared({}, { port }),
        (error: Error & { code: string }) => error.code === 'CLEARED_PORT_IN_USE' && error.message.includes(String(port)),
      );
    } finally {
      other.close();
    }
  });
});
