import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AttributeIds } from 'node-opcua';
import { channelChildId, channelNodeId } from '../../src/nodeset/index.ts';
import { cleared } from '../server/cleared-support.ts';
import { until } from '../server/support.ts';
import { NumberFamily, TextFamily } from './canary-families.ts';
import { heat, ModuleScene, nodesOf, pieces } from './module-scene.ts';
import { childrenRunning, searchMemory } from './process-memory.ts';

const INTERVAL_MS = 1000;
/** Below the lowest limit of their streams, so that the module clears them to a condition. */
const HEATS = new NumberFamily(31.415_926_535_897, 200);
const REFUSED = new NumberFamily(7_183_920.415_926, 50);
const PIECES = [4171, 4172, 4173, 4174, 4175];
const onLinux = { skip: process.platform === 'linux' ? false : 'needs /proc' };

describe('the memory of a cleared server’s process, searched while it runs', onLinux, () => {
  let scene: ModuleScene;
  let child: number;
  const forms = new Map([...named('heat', HEATS.forms), ...named('refused', REFUSED.forms)]);

  before(async () => {
    scene = await ModuleScene.create(INTERVAL_MS, 400);
    await scene.start();
    const children = childrenRunning('cleared/child.ts');
    assert.equal(children.length, 1);
    child = children[0]!;
  });
  after(() => scene.end());

  function nothingRaw(when: string): number {
    const { found, bytes } = searchMemory(child, forms);
    assert.deepEqual(found, {}, when);
    return bytes;
  }

  test('holds what the module shows: the search sees its texts, and a number that was put there', async () => {
    const shown = new Map([
      ['a condition', Buffer.from('Overheated: Well')],
      ['in UTF-16 or Latin-1', Buffer.from('Maintenance')],
    ]);
    assert.deepEqual(Object.keys(searchMemory(child, shown).found).sort(), [...shown.keys()].sort());
    await findsWhatIsPlanted();
  });

  test('holds no raw value, while they are written, when their interval ended, and when a client took all it can', async (t) => {
    const plc = await scene.plc();
    const before = scene.told.of('cleared').length;
    const held: number[] = HEATS.values.slice();
    const results = await plc.write([...PIECES.map(pieces), ...held.map(heat), ...REFUSED.values.map(heat)]);
    assert.equal(results.filter(({ status }) => status === 'Good').length, PIECES.length + held.length);
    assert.equal(results.filter(({ status }) => status === 'BadOutOfRange').length, REFUSED.values.length);
    assert.ok(searchMemory(process.pid, forms).found['heat as Double, little-endian'] ?? 0 > 0, 'the module itself holds them');
    let bytes = nothingRaw('just written');
    await until('two grid points later', () => scene.told.of('cleared').length > before + 2);
    bytes += nothingRaw('cleared and shown');
    await scene.asManufacturer(async (session, namespace) => {
      const nodes = await nodesOf(session, namespace);
      const values = await session.read(nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })));
      assert.ok(values.filter(({ statusCode }) => statusCode.isGood()).length > 20);
      for (const method of ['FetchDelivery', 'GetEvidence'] as const) {
        for (const { n } of scene.told.of('cleared').slice(-4, -1)) {
          const id = (local: string): string => `ns=${namespace};${local}`;
          const call = {
            objectId: id(channelNodeId('press')),
            methodId: id(channelChildId('press', method)),
            inputArguments: [{ dataType: 'UInt32', value: n }],
          };
          // A delivery is there from its publication on, which may be still to come.
          await until(`${method} of ${n}`, async () => (await session.call(call as never)).statusCode.isGood());
        }
      }
      bytes += nothingRaw('evidence and deliveries fetched');
    });
    await plc.close();
    t.diagnostic(`${Math.round(bytes / 1024 / 1024)} MB searched for ${forms.size} forms of ${held.length + REFUSED.values.length} values`);
  });
});

/** A cleared server to which canaries are told as if they were a transaction's id: there they are found. */
async function findsWhatIsPlanted(): Promise<void> {
  const secrets = new TextFamily('planted-canary-5c1e', 3);
  const on = await cleared();
  try {
    secrets.values.forEach((txId, n) =>
      on.server.batchState(n, { ledgerState: 'Anchored', deliveryState: 'Waiting', txId: `${txId} ${HEATS.values[n]}` }),
    );
    const planted = new Map([...named('text', secrets.forms), ...named('heat', HEATS.forms)]);
    await until('they have arrived', () => {
      const { found } = searchMemory(on.server.processId ?? 0, planted);
      return found['text as text'] !== undefined && found['heat as text'] !== undefined;
    });
  } finally {
    await on.server.stop();
  }
}

function named(what: string, forms: ReadonlyMap<string, Buffer>): [string, Buffer][] {
  return [...forms].map(([name, form]) => [`${what} ${name}`, form]);
}
