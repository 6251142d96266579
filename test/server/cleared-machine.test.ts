import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AttributeIds, constructEventFilter, makeBrowsePath } from 'node-opcua';
import { pause } from '../support/pause.ts';
import { maintenanceAlarmId, streamChildId } from '../../src/nodeset/index.ts';
import { everything } from '../support/address-space.ts';
import { CHANNEL, type Cleared, cleared, View, viewing } from './cleared-support.ts';
import { certificateUser, passwordUser } from './support.ts';

describe('the machine on a cleared server', () => {
  let on: Cleared;
  let view: View;
  before(async () => {
    on = await cleared();
    view = await View.open(on, certificateUser(on.manufacturer));
  });
  after(async () => {
    await view.close();
    await on.server.stop();
  });

  const target = async (path: string) => {
    const result = await view.session.translateBrowsePath(makeBrowsePath('RootFolder', path));
    return String(result.targets?.[0]?.targetId);
  };

  test('is found under Machines, with the channel among its components', async () => {
    const path = '/0:Objects/4:Machines/6:Press1/4:Components/6:acme/5:Streams/6:wear/5:Condition';
    assert.equal(await target(path), view.id(streamChildId(CHANNEL, 'wear', 'Condition')));
    assert.equal(await target('/0:Objects/6:acme'), view.id('s=Channels/acme'));
  });

  test('identifies itself', async () => {
    const expected = { '2:Manufacturer': 'locale=null text=Acme', '2:SerialNumber': '4711', '2:ProductInstanceUri': 'urn:Acme:4711' };
    for (const [name, value] of Object.entries(expected)) {
      const nodeId = await target(`/0:Objects/4:Machines/6:Press1/2:Identification/${name}`);
      assert.equal(String((await view.session.read({ nodeId, attributeId: AttributeIds.Value })).value.value), value, name);
    }
  });

  test('every node that belongs to this server says what it is for, and no time has picoseconds', async () => {
    const ids = (await everything(view.session)).filter((id) => id.startsWith(view.id('')));
    assert.ok(ids.length > 100);
    const texts = await view.session.read(ids.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Description })));
    const silent = ids.filter((_, index) => !(texts[index]?.value.value as { text?: string } | null)?.text);
    assert.deepEqual(silent, []);
    const values = await view.session.read(ids.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })));
    assert.deepEqual(
      ids.filter((_, index) => values[index]?.sourcePicoseconds !== 0),
      [],
    );
  });

  test('lists the alarm of each stream', async () => {
    const path = '/0:Objects/4:Machines/6:Press1/2:DeviceHealthAlarms';
    const { references } = await view.session.browse(await target(path));
    const ids = (references ?? []).map(({ nodeId }) => nodeId.toString());
    assert.ok(ids.includes(view.id(maintenanceAlarmId(CHANNEL, 'wear'))), ids.join());
  });

  test('what one session reads is told to no other one by an event', () =>
    viewing(on, passwordUser('auditor', 'correct horse'), async (auditor) => {
      const subscription = await auditor.session.createSubscription2({ requestedPublishingInterval: 10, publishingEnabled: true });
      const item = await subscription.monitor(
        { nodeId: 'i=2253', attributeId: AttributeIds.EventNotifier },
        { filter: constructEventFilter(['EventType']), samplingInterval: 0, queueSize: 1000, discardOldest: true },
        2,
      );
      const events: string[] = [];
      item.on('changed', (fields) => events.push(String(fields)));
      const ids = (await everything(view.session)).filter((id) => id.startsWith(view.id('')));
      for (let turn = 0; turn < 2; turn++) {
        for (const nodeId of ids) await view.session.read({ nodeId, attributeId: AttributeIds.Value });
      }
      await pause(500);
      assert.deepEqual(events, []);
    }));
});
