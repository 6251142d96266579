import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  initPlant,
  loadAgreement,
  type ModuleOptions,
  type Plant,
  type PlantChannel,
  readManufacturerConfig,
  readOwnerConfig,
  ReceiverModule,
  SenderModule,
} from '../../src/app/index.ts';
import { linkOptions, trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { TagWriter } from '../../src/client/index.ts';
import { toBase64Url } from '../../src/core/index.ts';
import { inNamespace, INSTANCE_URI, tagId } from '../../src/nodeset/index.ts';
import { type ApplicationIdentity, thumbprintOf } from '../../src/server/index.ts';
import { Told } from '../app/plant.ts';
import { freePorts } from '../support/free-ports.ts';
import { testIdentity } from '../support/ua-server.ts';
import { until } from '../support/until.ts';
import { Canaries } from './canaries.ts';
import type { Target } from './wire.ts';

const INTERVAL_MS = 1000;

/** What is agreed with one manufacturer, in words and numbers that stand nowhere else. */
interface Maker {
  readonly folder: string;
  readonly channel: string;
  readonly policy: string;
  readonly streams: readonly [string, string];
  readonly word: string;
  /** Of the spindle's heat. */
  readonly limits: readonly [number, number];
  /** Code of the first condition; the next ones follow. */
  readonly codes: number;
}

const MAKERS: readonly [Maker, Maker] = [
  {
    folder: 'manufacturer',
    channel: 'falke-kanal-31',
    policy: 'Falkenpolitik-5519',
    streams: ['Falkenwartung', 'Falkenhitze'],
    word: 'Falkentext',
    limits: [41.734_182, 67.291_835],
    codes: 61_733_100,
  },
  {
    folder: 'manufacturer-b',
    channel: 'otter-kanal-87',
    policy: 'Otterpolitik-8823',
    streams: ['Otterverschleiss', 'Otterlauf'],
    word: 'Ottertext',
    limits: [38.915_273, 71.648_392],
    codes: 94_155_700,
  },
];

/** One side of the plant that has two manufacturers, and what the other one must not find out of it. */
export class MakerSide {
  readonly channel: PlantChannel;
  readonly told = new Told();
  /** What belongs to this manufacturer's channel and to no other. */
  readonly secrets = new Canaries();
  /** An application that the cleared server trusts. */
  readonly application: ApplicationIdentity;
  readonly #plant: TwoManufacturers;
  readonly #maker: Maker;

  constructor(plant: TwoManufacturers, maker: Maker, channel: PlantChannel, application: ApplicationIdentity) {
    this.#plant = plant;
    this.#maker = maker;
    this.channel = channel;
    this.application = application;
    trustListOf(this.#clearedPki, 'cleared').add(application.certificate);
    this.#collectSecrets();
  }

  get configFile(): string {
    return join(this.channel.manufacturer, 'dcmb.json');
  }

  get target(): Target {
    const { cleared } = this.#own;
    return { port: cleared.port, certificate: loadIdentity(this.#clearedPki, 'cleared').certificate };
  }

  get receiver(): ApplicationIdentity {
    return loadIdentity(join(this.channel.manufacturer, 'pki'), 'receiver');
  }

  /** Words that its cleared server's process must hold, since it shows them. */
  get shown(): readonly string[] {
    const { channel, streams, word } = this.#maker;
    return [channel, ...streams, `${word} 0`];
  }

  get #own() {
    const own = readOwnerConfig(this.#plant.ownerFile).channels.find(({ name }) => name === this.channel.name);
    if (own === undefined) throw new Error('The owner has no such channel.');
    return own;
  }

  get #clearedPki(): string {
    return this.#own.pki ?? join(this.#plant.plant.owner, 'pki');
  }

  #collectSecrets(): void {
    const { channel, policy, streams, word, limits, codes } = this.#maker;
    const { agreement, file } = loadAgreement(join(this.channel.manufacturer, 'agreement.json'));
    const { manufacturer, logins, channelId, ledgerId } = this.channel;
    const texts = [channel, policy, ...streams, word, channelId, ledgerId, file.nonce, agreement.policyCommitment];
    const own = [agreement.manufacturer.evidenceKey, agreement.manufacturer.exchangeKey, agreement.owner.exchangeKey];
    const passwords = [logins.manufacturer, logins.auditor, logins.viewer].map(({ password }) => password);
    const thumbprints = [thumbprintOf(this.receiver.certificate), thumbprintOf(this.target.certificate)];
    for (const text of [...texts, ...own, ...passwords, ...thumbprints, this.#own.store, this.#own.policyNonce]) this.#add(text);
    if (!manufacturer.endsWith(MAKERS[0].folder)) this.#add(manufacturer);
    for (const number of [...limits, codes, codes + 1, codes + 2]) this.secrets.addNumber('otherChannel', number);
    this.#add(toBase64Url(thumbprintOfBytes(this.receiver)));
  }

  #add(text: string): void {
    this.secrets.addText('otherChannel', text);
  }
}

function thumbprintOfBytes({ certificate }: ApplicationIdentity): Uint8Array {
  return Buffer.from(thumbprintOf(certificate), 'hex');
}

/** An owner with two manufacturers on the same tags, all three modules, and a PLC. */
export class TwoManufacturers {
  readonly plant: Plant;
  readonly ofOwner = new Told();
  sides!: readonly [MakerSide, MakerSide];
  readonly #root: string;
  readonly #port: number;
  #sender: SenderModule | undefined;
  #receivers: ReceiverModule[] = [];
  #plc: TagWriter | undefined;

  private constructor(root: string, plant: Plant, port: number) {
    this.#root = root;
    this.plant = plant;
    this.#port = port;
  }

  static async create(): Promise<TwoManufacturers> {
    const port = await freePorts(5);
    const root = mkdtempSync(join(tmpdir(), 'dcmb-two-'));
    const made = new TwoManufacturers(root, await makePlant(root, port), port);
    const { plant } = made;
    const first: PlantChannel = { ...plant, name: MAKERS[0].channel };
    const side = async (maker: Maker, channel: PlantChannel): Promise<MakerSide> =>
      new MakerSide(made, maker, channel, await testIdentity('probe'));
    made.sides = [await side(MAKERS[0], first), await side(MAKERS[1], plant.others[0]!)];
    return made;
  }

  get ownerFile(): string {
    return join(this.plant.owner, 'dcmb.json');
  }

  get sender(): SenderModule {
    if (this.#sender === undefined) throw new Error('The owner’s module does not run.');
    return this.#sender;
  }

  async start(options: ModuleOptions = {}): Promise<void> {
    // One after the other: a cleared server that takes too long to start is given up.
    this.#sender = await SenderModule.start(this.ownerFile, { ...options, onEvent: this.ofOwner.listen });
    for (const { configFile, told } of this.sides)
      this.#receivers.push(await ReceiverModule.start(readManufacturerConfig(configFile), { onEvent: told.listen }));
    await until('both channels run', () => this.sides.every(({ channel }) => this.sender.status(channel.name).isReady), 60_000);
    const pki = join(this.plant.plc, 'pki');
    const url = `opc.tcp://localhost:${this.#port}`;
    this.#plc = new TagWriter(linkOptions(url, loadIdentity(pki, 'plc'), trustListOf(pki, 'plc'), undefined));
    await this.#plc.connect();
  }

  /** Writes a value of each tag. @returns the status of each write */
  async write(heat: number, pieces: number): Promise<readonly string[]> {
    const node = (tag: string): string => inNamespace(INSTANCE_URI, tagId(tag));
    const written = await this.#plc!.write([
      { nodeId: node('Spindle'), value: { type: 'Double', value: heat } },
      { nodeId: node('Pieces'), value: { type: 'UInt32', value: pieces } },
    ]);
    return written.map(({ status }) => status);
  }

  /** Waits until each manufacturer has received so many further batches. */
  async received(count: number): Promise<void> {
    const before = this.sides.map(({ told }) => told.of('acknowledged').length);
    await until(`${count} batches are received`, () =>
      this.sides.every(({ told }, index) => told.of('acknowledged').length >= before[index]! + count),
    );
  }

  async stop(): Promise<void> {
    await this.#plc?.close();
    this.#plc = undefined;
    await this.#sender?.stop();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop()));
    this.#sender = undefined;
    this.#receivers = [];
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** The owner's configuration says which maker's server has which port; nothing else of it is changed. */
async function makePlant(root: string, port: number): Promise<Plant> {
  const policyFiles = MAKERS.map((maker) => {
    const file = join(root, `${maker.folder}.json`);
    writeFileSync(file, JSON.stringify(policyOf(maker)));
    return file;
  });
  const [first, second] = MAKERS;
  const plant = await initPlant({
    folder: join(root, 'plant'),
    policyFile: policyFiles[0]!,
    cadence: { intervalMs: INTERVAL_MS, epochIntervals: 16 },
    host: '127.0.0.1',
    advertisedHost: 'localhost',
    ports: { ingest: port, cleared: port + 1, applications: port + 2 },
    channel: first.channel,
    others: [
      { folder: second.folder, channel: second.channel, policyFile: policyFiles[1]!, ports: { cleared: port + 3, applications: port + 4 } },
    ],
  });
  const file = join(plant.owner, 'dcmb.json');
  const text = readFileSync(file, 'utf8').replace('"pki": "pki",', `"pki": "pki",\n  "log": { "level": "debug", "file": "owner.log" },`);
  writeFileSync(file, text);
  return plant;
}

function policyOf({ policy, streams: [wear, heat], word, limits: [low, high], codes }: Maker): object {
  const text = (index: number) => ({ en: `${word} ${index}`, de: `${word} ${index} (de)` });
  const conditions = (ranges: readonly object[]): object[] =>
    ranges.map((range, index) => ({ code: codes + index, text: text(index), importance: 100 + 300 * index, ranges: [range] }));
  const title = (name: string) => ({ en: name, de: `${name} (de)` });
  return {
    id: policy,
    version: 1,
    tags: [
      { name: 'Spindle', type: 'Double', minimum: -50, maximum: 500 },
      { name: 'Pieces', type: 'UInt32' },
    ],
    streams: [
      {
        name: wear,
        title: title(wear),
        tags: ['Pieces'],
        aggregate: 'last',
        conditions: conditions([{ to: 1000 }, { from: 1000 }]),
        quality: { missing: 'hold' },
      },
      {
        name: heat,
        title: title(heat),
        tags: ['Spindle'],
        aggregate: 'max',
        conditions: conditions([{ to: low }, { from: low, to: high }, { from: high }]),
        quality: { missing: 'hold' },
      },
    ],
  };
}
