/*
 * Both modules inside another program: values come from a function instead of a PLC, conditions go to a callback instead
 * of a terminal. In practice each side embeds its own module, on its own machine; here they share one, so that the example
 * runs by itself. It ends when the manufacturer has learned that maintenance is imminent.
 *
 *   npx node examples/embedding/embed.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initPlant, type ModuleEvent, readManufacturerConfig, ReceiverModule, SenderModule } from 'dcmb';

// Keys, certificates, a signed agreement and a configuration for each side: what `dcmb init` makes. Port 0 takes a free one.
const folder = mkdtempSync(join(tmpdir(), 'dcmb-embedding-'));
const plant = await initPlant({
  folder,
  policyFile: join(import.meta.dirname, '../policies/work-pieces.json'),
  cadence: { intervalMs: 1000, epochIntervals: 16 },
  host: '127.0.0.1',
  advertisedHost: 'localhost',
  ports: { ingest: 0, cleared: 0, applications: 0 },
  channel: 'press',
});

// The owner's middleware. A module starts from the path of its configuration ...
const owner = await SenderModule.start(join(plant.owner, 'dcmb.json'), {
  onEvent: (event) => {
    if (event.event === 'sealed') console.log(`owner: batch ${event.n} sealed, ${event.readings} readings`);
  },
});

// The manufacturer's middleware. ... or from the configuration itself.
const config = readManufacturerConfig(join(plant.manufacturer, 'dcmb.json'));
const [channel] = config.channels;
const imminent = Promise.withResolvers<void>();
const manufacturer = await ReceiverModule.start(
  { ...config, channels: [{ ...channel, sender: { endpointUrl: owner.endpoints.cleared } }] },
  { onEvent: tellConditions },
);

// The machine: each call of the function is one more work piece. A value that is not taken, as before the module collects,
// is offered again.
let pieces = 5280;
const machine = setInterval(() => void offerPiece(), 100);

await imminent.promise;
clearInterval(machine);
await owner.stop();
await manufacturer.stop();
rmSync(folder, { recursive: true });

async function offerPiece(): Promise<void> {
  const status = await owner.offer('PieceCount', { type: 'UInt32', value: pieces });
  if (status === 0) pieces++;
}

/** Conditions are verified and stored by then. The counts themselves never got here. */
function tellConditions(event: ModuleEvent): void {
  if (event.event !== 'received') return;
  for (const { stream, text, code } of event.conditions) {
    console.log(`manufacturer: ${stream} is "${text.en}"`);
    if (stream === 'Maintenance' && code === 1) imminent.resolve();
  }
}
