import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Agreement } from '../../src/agreement/index.ts';
import { machineShown, viewOf } from '../../src/app/cleared-view.ts';

const agreement = { manufacturer: { org: 'acme', name: 'Acme' } } as Agreement;

describe('the machine as a cleared server names it', () => {
  test('has the configuration’s name and numbers, and the agreement’s manufacturer: never another one’s', () => {
    const machine = {
      name: 'Press1',
      manufacturer: 'Other GmbH',
      serialNumber: '4711',
      model: 'P 100',
      productInstanceUri: 'urn:press:4711',
    };
    assert.deepEqual(machineShown(agreement, machine, 'channel'), { ...machine, manufacturer: 'Acme' });
  });

  test('without a configured machine it is named after the channel', () => {
    assert.deepEqual(machineShown(agreement, undefined, 'channel'), { name: 'channel', manufacturer: 'Acme', serialNumber: '0' });
  });
});

describe('how a cleared server presents what it shows', () => {
  test('goes by the configuration where that says something', () => {
    assert.deepEqual(viewOf({ locale: 'de', alarmFrom: 100 }), { locale: 'de', alarmFrom: 100 });
    assert.deepEqual(viewOf({}), {});
  });
});
