import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { PlcConfig, SenderModule } from '../../src/app/index.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { codeIn, TestPlant, Told } from '../app/plant.ts';
import { UaPerson } from '../app/operator.ts';
import { PlcServer, type PlcVariable } from '../support/plc-server.ts';
import { until } from '../support/until.ts';

const PIECES: PlcVariable = { name: 'pieces', type: 'UInt32', value: 0 };
const HEAT: PlcVariable = { name: 'heat', type: 'Double', value: 20 };

/** One plant's life in order: each test goes on where the one before it ended. */
describe('an owner whose module reads two PLCs', () => {
  let plant: TestPlant;
  let sender: SenderModule;
  let counter: PlcServer;
  let thermometer: PlcServer;
  const told = new Told();

  /** A PLC that knows the module, and that the module knows. */
  async function plc(variable: PlcVariable, port = 0): Promise<PlcServer> {
    const identity = await UaPerson.trusted(plant, 'ingest');
    const own = loadIdentity(`${plant.plant.owner}/pki`, 'ingest').certificate;
    return PlcServer.start({ identity, clients: [own], userCertificates: [own], variables: [variable], port });
  }

  before(async () => {
    plant = await TestPlant.create({ applications: false });
    [counter, thermometer] = await Promise.all([plc(PIECES), plc(HEAT)]);
    const { ingest } = plant.ownerConfig();
    const plcs: PlcConfig[] = [
      { endpointUrl: counter.endpointUrl, nodes: { Pieces: PlcServer.nodeId('pieces') }, samplingMs: 50 },
      { endpointUrl: thermometer.endpointUrl, nodes: { Heat: { nodeId: PlcServer.nodeId('heat'), deadband: 5 } } },
    ];
    sender = await plant.startSender(told, plant.ownerConfig({}, { ingest: { ...ingest, plc: plcs } }));
    await until('the module runs', () => told.of('running').length === 1);
  });
  after(async () => {
    await plant.end();
    await Promise.all([counter.stop(), thermometer.stop()]);
  });

  const cleared = (from: number, pieces: number, heat: number): boolean =>
    told.of('cleared').some((event) => event.n >= from && codeIn(event, 'Maintenance') === pieces && codeIn(event, 'Overheated') === heat);
  const next = (): number => (told.of('cleared').at(-1)?.n ?? -1) + 1;

  test('conditions come from both', async () => {
    counter.set('pieces', { type: 'UInt32', value: 5367 });
    thermometer.set('heat', { type: 'Double', value: 95 });
    await until('both are cleared', () => cleared(0, 1, 2));
  });

  test('while one is away, the other goes on, and what may be missing is told once it is back', async () => {
    const { port } = counter;
    await counter.stop();
    await until('it is missed', () => told.of('link').some(({ state, message }) => state !== 'connected' && message.includes(`${port}`)));
    const from = next();
    thermometer.set('heat', { type: 'Double', value: 60 });
    await until('the other is cleared', () => cleared(from, 1, 1));
    counter = await plc({ ...PIECES, value: 5400 + 1 }, port);
    await until('the gap is told', () => told.of('warning').some(({ code }) => code === 'PLC_GAP'));
    await until('its new value is cleared', () => cleared(from, 2, 1));
    const gaps = told.of('warning').filter(({ code }) => code === 'PLC_GAP');
    assert.equal(gaps.length, 1);
    assert.ok(gaps[0]?.message.includes(`the PLC at ${counter.endpointUrl}`), gaps[0]?.message);
    assert.equal(sender.counts().sealed > 0, true);
  });
});
