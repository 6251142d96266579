import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type DataValue, HistoryData, type OPCUAClient, TimestampsToReturn, type UserIdentityInfo } from 'node-opcua';
import type { ReceiverModule, SenderModule } from '../../src/app/index.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { resolveNodeId } from '../../src/client/namespaces.ts';
import { INSTANCE_URI, inNamespace, streamChildId } from '../../src/nodeset/index.ts';
import type { ApplicationIdentity } from '../../src/server/index.ts';
import { pieces, TestPlant, Told } from '../app/plant.ts';
import { UaPerson } from '../app/operator.ts';
import { certificateUser, passwordUser, uaClient } from '../support/ua-client.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';

type Variable = Parameters<typeof streamChildId>[2];
const INTERVAL_MS = 500;
const LONG_AGO = new Date(Date.UTC(2020, 0, 1));

/** Processes of cleared servers that this one has started. */
function children(): number[] {
  const isChild = (pid: string): boolean => {
    try {
      const parent = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
      return parent === String(process.pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('cleared/child');
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isChild(name))
    .map(Number);
}

/** One plant's life in order: each test goes on where the one before it ended. */
describe('the history of conditions and evidence', () => {
  let plant: TestPlant;
  let sender: SenderModule;
  let receiver: ReceiverModule;
  let ofOwner = new Told();
  let ofManufacturer = new Told();
  let viewersOwn: ApplicationIdentity;

  before(async () => {
    plant = await TestPlant.create({ intervalMs: INTERVAL_MS });
    viewersOwn = await UaPerson.trusted(plant, 'applications');
    await start();
  });
  after(() => plant.end());

  async function start(): Promise<void> {
    [ofOwner, ofManufacturer] = [new Told(), new Told()];
    [sender, receiver] = await Promise.all([plant.startSender(ofOwner), plant.startReceiver(ofManufacturer)]);
    await until('the module runs', () => ofOwner.of('running').length === 1);
  }

  /** Everything that the owner's cleared server, or the one for applications, has of a variable. */
  async function history(where: 'cleared' | 'applications', name: Variable): Promise<DataValue[]> {
    const { owner, manufacturer, logins } = plant.plant;
    const own = where === 'cleared' ? loadIdentity(join(manufacturer, 'pki'), 'receiver') : viewersOwn;
    const server = loadIdentity(join(where === 'cleared' ? owner : manufacturer, 'pki'), where);
    const client = uaClient(own, server);
    try {
      await client.connect(`opc.tcp://localhost:${plant.port + (where === 'cleared' ? 1 : 2)}`);
      const { name: viewer, password } = logins.viewer;
      return await read(client, where === 'cleared' ? certificateUser(own) : passwordUser(viewer, password), name);
    } finally {
      await client.disconnect();
    }
  }

  async function read(client: OPCUAClient, user: UserIdentityInfo, name: Variable): Promise<DataValue[]> {
    const session = await client.createSession(user);
    const id = inNamespace(INSTANCE_URI, streamChildId('press', 'Maintenance', name));
    const nodeId = resolveNodeId(id, await session.readNamespaceArray());
    const { statusCode, historyData } = await session.readHistoryValue({ nodeId }, LONG_AGO, new Date(Date.now() + 86_400_000), {
      timestampsToReturn: TimestampsToReturn.Both,
      returnBounds: false,
    });
    await session.close();
    assert.ok(statusCode.isGood(), statusCode.name);
    return historyData instanceof HistoryData ? (historyData.dataValues ?? []) : [];
  }

  const times = (values: readonly DataValue[]): number[] => values.map(({ sourceTimestamp }) => sourceTimestamp!.getTime());

  test('has each grid point once, from the first on, and never the one to come', async () => {
    const plc = await plant.plc();
    await plc.write([pieces(5367)]);
    await until('the condition is shown and receipted', () => ofOwner.of('receipted').length >= 6);
    const values = await history('cleared', 'ConditionCode');
    assert.ok(values.length >= 5);
    const shown = times(values);
    shown.slice(1).forEach((ms, index) => assert.equal(ms - shown[index]!, INTERVAL_MS));
    assert.ok(values.some(({ value }) => value.value === 1));
    // A batch is sealed, and its condition known to the module, before the server may show it.
    for (const value of values) assert.ok(value.serverTimestamp!.getTime() >= value.sourceTimestamp!.getTime() + 200);
    assert.ok(Date.now() >= shown.at(-1)! + 200);
  });

  test('tells of older batches that they are on the ledger and receipted', async () => {
    const [states, deliveries, transactions] = [
      await history('cleared', 'LedgerState'),
      await history('cleared', 'DeliveryState'),
      await history('cleared', 'TransactionId'),
    ];
    assert.deepEqual([states[0]?.value.value, deliveries[0]?.value.value], [2, 2]);
    assert.equal(transactions[0]?.value.value, ofOwner.of('anchored').find(({ n }) => n === 0)?.transaction);
  });

  test('is the same on the server for the manufacturer’s applications', async () => {
    const [owners, own] = [await history('cleared', 'ConditionCode'), await history('applications', 'ConditionCode')];
    const codes = new Map(own.map(({ sourceTimestamp, value }) => [sourceTimestamp!.getTime(), value.value as number]));
    for (const { sourceTimestamp, value } of owners.slice(0, -2)) assert.equal(codes.get(sourceTimestamp!.getTime()), value.value);
  });

  test('stands when the process of a cleared server is killed and replaced', async () => {
    const before = times(await history('cleared', 'BatchId'));
    const killed = children();
    assert.ok(killed.length >= 2);
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    let later: number[] = [];
    while (later.length <= before.length) {
      await pause(200);
      later = await history('cleared', 'BatchId').then(times, () => []);
    }
    assert.deepEqual(later.slice(0, before.length), before);
    assert.ok((await history('applications', 'BatchId')).length >= before.length - 2);
  });

  test('stands when both modules are restarted', async () => {
    const before = times(await history('cleared', 'BatchId'));
    const seen = await history('applications', 'BatchId');
    await plant.stop(sender);
    await plant.stop(receiver);
    await start();
    await until('two batches more are shown', () => ofManufacturer.of('received').length >= 2);
    const later = times(await history('cleared', 'BatchId'));
    assert.deepEqual(later.slice(0, before.length), before);
    assert.ok(later.length > before.length);
    assert.deepEqual(times(await history('applications', 'BatchId')).slice(0, seen.length), times(seen));
  });
});
