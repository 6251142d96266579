import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AttributeIds, constructEventFilter, type LocalizedText } from 'node-opcua';
import { channelNodeId, maintenanceAlarmId, streamChildId, streamId } from '../../src/nodeset/index.ts';
import { languageOf } from '../../src/server/cleared/locales.ts';
import { CHANNEL, type Cleared, cleared, View } from './cleared-support.ts';
import { certificateUser, until } from './support.ts';

describe('languages of a cleared server', () => {
  let on: Cleared;
  let german: View;
  let english: View;
  let other: View;
  before(async () => {
    on = await cleared({}, { locale: 'en' });
    const open = (localeIds: string[]) => View.open(on, certificateUser(on.manufacturer), { localeIds });
    [german, english, other] = await Promise.all([open(['de-AT', 'en']), open(['en-US']), open(['fr', 'it-IT'])]);
  });
  after(async () => {
    await Promise.all([german, english, other].map((view) => view.close()));
    await on.server.stop();
  });

  const publish = (code: number, batch: number) => {
    const gridMs = Math.ceil(Date.now() / 100) * 100;
    on.server.publish([0, 1].map((stream) => ({ stream, code, gridMs, nextMs: gridMs + 200, batch, publishAtMs: Date.now() })));
  };
  const plain = (text: LocalizedText | null) => `${text?.locale} ${text?.text}`;

  test('each session reads values, names of streams and enumerations in its own, at the same time', async () => {
    publish(1, 1);
    await until('it is shown', async () => (await german.read('wear', 'BatchId')).value.value === 1);
    const texts = async (view: View) => {
      const enumValues = view.id(`${streamChildId(CHANNEL, 'wear', 'ConditionCode')}-EnumValues`);
      const [value, title, conditions] = await view.session.read([
        { nodeId: view.id(streamChildId(CHANNEL, 'wear', 'Condition')), attributeId: AttributeIds.Value },
        { nodeId: view.id(streamId(CHANNEL, 'wear')), attributeId: AttributeIds.DisplayName },
        { nodeId: enumValues, attributeId: AttributeIds.Value },
      ]);
      const last = (conditions!.value.value as { displayName: LocalizedText }[]).at(-1)!;
      return [value!.value.value as LocalizedText, title!.value.value as LocalizedText, last.displayName].map(plain);
    };
    const [de, en, fallback] = await Promise.all([texts(german), texts(english), texts(other)]);
    assert.deepEqual(de, ['de Wartung steht bevor', 'de Titel von wear', 'de Wartung steht bevor']);
    assert.deepEqual(en, ['en Maintenance imminent', 'en Title of wear', 'en Maintenance imminent']);
    assert.deepEqual(fallback, en);
  });

  test('browsing shows names in the session’s own', async () => {
    const names = async (view: View) => {
      const { references } = await view.session.browse(view.id(`${channelNodeId(CHANNEL)}-Streams`));
      return (references ?? []).map(({ displayName }) => plain(displayName));
    };
    assert.ok((await names(german)).includes('de Titel von wear'));
    assert.ok((await names(english)).includes('en Title of wear'));
  });

  test('of which no more and no longer ones are considered than anybody needs, and none at the cost of each response', async () => {
    const titleFor = async (localeIds: string[]): Promise<[string, number]> => {
      const view = await View.open(on, certificateUser(on.manufacturer), { localeIds });
      const began = performance.now();
      const node = { nodeId: view.id(streamId(CHANNEL, 'wear')), attributeId: AttributeIds.DisplayName };
      const values = await Promise.all(Array.from({ length: 20 }, () => view.session.read(node)));
      const took = performance.now() - began;
      await view.close();
      return [plain(values[0]!.value.value as LocalizedText), took];
    };
    const [title, took] = await titleFor([`${'-'.repeat(3_000_000)}`, 'de']);
    assert.equal(title, 'de Titel von wear');
    // Splitting it for each response took a fifth of a second each.
    assert.ok(took < 2000, `${took} ms`);
    assert.equal((await titleFor([...Array<string>(32).fill('fr'), 'de']))[0], 'en Title of wear');
    assert.equal((await titleFor([...Array<string>(31).fill('fr'), 'de']))[0], 'de Titel von wear');
    assert.equal((await titleFor([`de-${'x'.repeat(62)}`]))[0], 'en Title of wear');
  });

  test('the states of an alarm have their names in the session’s own, as values', async () => {
    const children = ['EnabledState', 'ActiveState', 'AckedState'];
    const states = async (view: View) => {
      const alarm = view.id(maintenanceAlarmId(CHANNEL, 'wear'));
      const values = await view.session.read(children.map((child) => ({ nodeId: `${alarm}-${child}`, attributeId: AttributeIds.Value })));
      return values.map(({ value }) => plain(value.value as LocalizedText));
    };
    publish(0, 2);
    await until('it is over', async () => (await states(english))[1] === 'en Inactive');
    publish(1, 3);
    await until('it is active', async () => (await states(english))[1] === 'en Active');
    assert.deepEqual(await states(german), ['de Eingeschaltet', 'de Aktiv', 'de Nicht quittiert']);
    assert.deepEqual(await states(english), ['en Enabled', 'en Active', 'en Unacknowledged']);
  });

  test('notifications and events are in the session’s own, though they are raised once', async () => {
    const watch = async (view: View) => {
      const seen: string[] = [];
      const subscription = await view.session.createSubscription2({ requestedPublishingInterval: 10, publishingEnabled: true });
      const value = { nodeId: view.id(streamChildId(CHANNEL, 'wear', 'Condition')), attributeId: AttributeIds.Value };
      (await subscription.monitor(value, { samplingInterval: 0, queueSize: 10 }, 2)).on(
        'changed',
        (got: { value: { value: LocalizedText } }) => {
          seen.push(plain(got.value.value));
        },
      );
      const channel = { nodeId: view.id(channelNodeId(CHANNEL)), attributeId: AttributeIds.EventNotifier };
      const filter = constructEventFilter(['SourceName', 'Message', 'ActiveState', 'AckedState']);
      (await subscription.monitor(channel, { filter, samplingInterval: 0, queueSize: 10 }, 2)).on(
        'changed',
        (fields: { value: unknown }[]) => {
          if (fields[0]?.value === 'wear')
            seen.push(...fields.slice(1).flatMap(({ value }) => (value === null ? [] : plain(value as LocalizedText))));
        },
      );
      await until('the first value is there', () => seen.length > 0);
      seen.length = 0;
      return { seen, end: () => subscription.terminate() };
    };
    const [de, en] = await Promise.all([watch(german), watch(english)]);
    publish(0, 4);
    await until('both were told', () => de.seen.length >= 5 && en.seen.length >= 5);
    await Promise.all([de.end(), en.end()]);
    assert.deepEqual(de.seen.toSorted(), [
      'de In Ordnung',
      'de In Ordnung',
      'de Nicht aktiv',
      'de Nicht quittiert',
      'de Titel von wear: In Ordnung',
    ]);
    assert.deepEqual(en.seen.toSorted(), ['en Fine', 'en Fine', 'en Inactive', 'en Title of wear: Fine', 'en Unacknowledged']);
  });
});

describe('the language for a session', () => {
  test('is the first of its preferred ones that there is, by language where the region differs', () => {
    assert.equal(languageOf(['de-CH'], 'en'), 'de');
    assert.equal(languageOf(['fr', 'DE', 'en'], 'en'), 'de');
    assert.equal(languageOf(['en-GB', 'de'], 'de'), 'en');
  });
  test('is the configured one where it prefers none that there is', () => {
    assert.equal(languageOf(['fr'], 'de'), 'de');
    assert.equal(languageOf([], 'de'), 'de');
  });
});
