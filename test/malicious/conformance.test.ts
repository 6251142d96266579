import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkConformance, type ConformanceReport, loadAgreement } from '../../src/app/index.ts';
import { trustListOf, userEntries } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { type Json, toBase64Url } from '../../src/core/index.ts';
import { type ClearedServer, type ClearedServerConfig, type ClearedServerHooks, startClearedServer } from '../../src/server/index.ts';
import { TestPlant, Told } from '../app/plant.ts';
import { until } from '../support/until.ts';

const UNKNOWN = 0xffffffff;

/** One plant: first its own module is looked at, then servers in its place that are wrong on purpose. */
describe('dcmb conformance', () => {
  let plant: TestPlant;

  before(async () => (plant = await TestPlant.create({ applications: false })));
  after(() => plant.end());

  const check = (): Promise<ConformanceReport> => checkConformance(plant.manufacturerFile);
  const faults = ({ lines }: ConformanceReport): string[] =>
    lines.filter(({ state }) => state !== 'found').map(({ about, state, message }) => `${state} ${about}: ${message}`);

  test('finds nothing wrong with our own module', async () => {
    const [ofOwner, ofManufacturer] = [new Told(), new Told()];
    const sender = await plant.startSender(ofOwner);
    // The first epoch needs the manufacturer's signature.
    const receiver = await plant.startReceiver(ofManufacturer);
    await until('batches are published', () => ofManufacturer.of('received').length >= 3);
    await plant.stop(receiver);
    const report = await check();
    assert.deepEqual(faults(report), []);
    assert.ok(report.passed && report.lines.length > 50);
    assert.ok(
      report.lines.some(({ about, message }) => about.startsWith('delivery of batch') && message.includes('follows the one before')),
    );
    await plant.stop(sender);
  });

  /** A server in the module's place. */
  async function wrongServer(config: Partial<ClearedServerConfig>, hooks: Partial<ClearedServerHooks> = {}): Promise<ClearedServer> {
    const { owner } = plant.plant;
    const own = plant.ownerConfig();
    const { agreement, terms } = loadAgreement(own.channels[0].agreement);
    const nothing = (): Promise<undefined> => Promise.resolve(undefined);
    return startClearedServer(
      {
        host: '127.0.0.1',
        port: plant.port + 1,
        hostname: 'localhost',
        identity: loadIdentity(join(owner, 'pki'), 'cleared'),
        trusted: trustListOf(join(owner, 'pki'), 'cleared').trusted(),
        users: userEntries(own.channels[0].cleared.users),
        machine: { name: 'Press', manufacturer: 'Maker', serialNumber: '1' },
        channel: {
          name: 'press',
          id: toBase64Url(terms.channelId),
          ledgerId: agreement.ledger,
          agreementVersion: agreement.version,
          intervalMs: terms.params.intervalMs,
        },
        streams: agreement.streams,
        ...config,
      },
      {
        fetchDelivery: nothing,
        getEvidence: nothing,
        epochProposal: nothing,
        history: () => Promise.resolve([]),
        acknowledge: () => Promise.reject(new Error('no')),
        countersigned: () => Promise.resolve(),
        refusedCertificate: () => undefined,
        ...hooks,
      },
    );
  }

  async function faultsOf(...wrongs: Parameters<typeof wrongServer>): Promise<string> {
    const server = await wrongServer(...wrongs);
    try {
      const gridMs = Math.floor(Date.now() / 500) * 500;
      const publishAtMs = Date.now() - 1;
      server.publish([{ stream: 0, code: -1, gridMs: gridMs + 1, nextMs: gridMs, batch: 7, publishAtMs }]);
      const report = await check();
      assert.equal(report.passed, false);
      return faults(report).join('\n');
    } finally {
      await server.stop();
    }
  }

  test('names what a server lacks: a stream, methods', async () => {
    const { agreement } = loadAgreement(plant.ownerConfig().channels[0].agreement);
    const text = await faultsOf({ streams: agreement.streams.slice(0, 1), methods: ['GetEvidence'] });
    assert.match(
      text,
      /^missing press\/Streams\/Overheated: there is no node nsu=urn:dcmb:instance;s=Channels\/press\/Streams\/Overheated$/m,
    );
    for (const method of ['FetchDelivery', 'Acknowledge', 'FetchEpochRecord', 'CountersignEpochRecord'])
      assert.match(text, new RegExp(`^missing press/${method}: there is no node`, 'm'));
  });

  test('names what is another agreement’s: ids, catalogue, version of the protocol', async () => {
    const { agreement } = loadAgreement(plant.ownerConfig().channels[0].agreement);
    const streams = agreement.streams.map((stream) => ({ ...stream, conditions: stream.conditions.slice(1) }));
    const channel = {
      name: 'press',
      id: 'A'.repeat(43),
      ledgerId: 'B'.repeat(43),
      agreementVersion: 9,
      intervalMs: 1,
      protocolVersions: [4, 5],
    };
    const text = await faultsOf({ streams, channel });
    for (const child of ['ChannelId', 'LedgerId', 'AgreementVersion', 'IntervalLength'])
      assert.match(text, new RegExp(`^wrong press/${child}, value: .* instead of`, 'm'));
    assert.match(text, /^wrong press\/Streams\/Maintenance\/ConditionCode\/EnumValues: \[-3,-2,-1,1,2\] instead of \[-3,-2,-1,0,1,2\]$/m);
    assert.match(text, /^wrong protocol version: .* speaks protocol versions 4, 5, this module version 0/m);
    assert.match(text, /^wrong press\/Streams\/Maintenance\/ConditionCode, value: its source timestamp is no grid point$/m);
  });

  test('names wrong answers: what should be refused, and evidence that does not hold', async () => {
    const text = await faultsOf(
      {},
      {
        acknowledge: () => Promise.resolve(),
        getEvidence: (n) => Promise.resolve({ n, made: 'up' }),
        fetchDelivery: (n) => Promise.resolve<Json>(n === UNKNOWN ? {} : { header: { payloadType: 'x', payload: '', signatures: [] } }),
      },
    );
    assert.match(text, /^wrong FetchDelivery of no batch: "Good" instead of "BadNotFound"$/m);
    assert.match(text, /^wrong GetEvidence of no batch: "Good" instead of "BadNotFound"$/m);
    assert.match(text, /^wrong delivery of batch 7: [A-Z_]+: /m);
  });
});
