import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  initPlant,
  type ModuleOptions,
  type Plant,
  readManufacturerConfig,
  readOwnerConfig,
  ReceiverModule,
  SenderModule,
} from '../../src/app/index.ts';
import { onDevelopmentNetwork } from '../../src/cli/fabric-place.ts';
import { loadAgreement } from '../../src/app/agreement-file.ts';
import { linkOptions, trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { TagWriter } from '../../src/client/index.ts';
import { canonicalJson, type UaValue } from '../../src/core/index.ts';
import type { DevNetwork } from '../../src/ledger/index.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../../src/nodeset/index.ts';
import { loadStoreKey } from '../../src/platform/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { freePorts } from '../support/free-ports.ts';
import type { Secret } from './secret-forms.ts';

export const INTERVAL_MS = 3000;
export const EPOCH_INTERVALS = 4;
/** Intervals without a receipt after which the owner deposits. */
export const DEPOSIT_AFTER = 2;
const LOOK_AHEAD_MS = 4 * EPOCH_INTERVALS * INTERVAL_MS;

/** Readings of whole intervals. No length, block number or time of the test comes near the last two. */
export const COUNTS = [0, 1, 5000, 3923] as const;
export const TAG_DEPTH = 13;

/** Numbers that stand nowhere else. The last is out of the tag's range and refused. */
export const RAW_VALUES = { strokes: [4_211_337, 3_907_411], heat: [-987_654.321, 812_345.0625], refused: 7_654_321.875 } as const;
const THRESHOLDS = [4_000_123, 4_100_777, -500_123.4375, 600_321.8125] as const;
export const CODES = { wear: [1_907_346_177, 1_733_905_481, 2_019_466_253], glow: [1_611_872_339, 1_408_227_913, 2_103_571_907] } as const;

const TAGS = { strokes: 'QuokkaHubzahl', heat: 'ZebrafinkHitzegrad' } as const;
const STREAMS = { wear: 'NasenbaerWartung', glow: 'OkapiUeberhitzung' } as const;
const TEXTS = {
  wear: ['Axolotl ruht sanft', 'Axolotl häutet sich', 'Axolotl bräuchte Öl'],
  glow: ['Pangolin friert arg', 'Pangolin fühlt Wärme', 'Pangolin glüht über'],
} as const;
const PURPOSE = 'Vorausschauende Pflege der Kranichpresse';
const POLICY_ID = 'wombat-richtlinie';

type Stream = keyof typeof STREAMS;

function streamOf(stream: Stream, tag: keyof typeof TAGS, aggregate: string, [low, high]: readonly [number, number]): object {
  const ranges = [{ to: low }, { from: low, to: high }, { from: high }];
  return {
    name: STREAMS[stream],
    title: { en: `${STREAMS[stream]} shown`, de: `${STREAMS[stream]} gezeigt` },
    tags: [TAGS[tag]],
    aggregate,
    conditions: ranges.map((range, index) => ({
      code: CODES[stream][index],
      text: { en: `${TEXTS[stream][index] ?? ''} indeed`, de: TEXTS[stream][index] },
      importance: 100 + 400 * index,
      ranges: [range],
    })),
    quality: { missing: 'hold' },
  };
}

const POLICY = {
  id: POLICY_ID,
  version: 1,
  tags: [
    { name: TAGS.strokes, type: 'UInt32' },
    { name: TAGS.heat, type: 'Double', minimum: -1e6, maximum: 1e6 },
  ],
  streams: [
    streamOf('wear', 'strokes', 'last', [THRESHOLDS[0], THRESHOLDS[1]]),
    streamOf('glow', 'heat', 'max', [THRESHOLDS[2], THRESHOLDS[3]]),
  ],
};

/** Both modules on a Fabric network, with a policy and values that would be known again anywhere. */
export class CanaryPlant {
  readonly plant: Plant;
  readonly port: number;
  readonly #root: string;

  private constructor(root: string, plant: Plant, port: number) {
    this.plant = plant;
    this.port = port;
    this.#root = root;
  }

  static async create(network: DevNetwork, chaincode: string): Promise<CanaryPlant> {
    const root = mkdtempSync(join(tmpdir(), 'dcmb-canary-'));
    const [policyFile, termsFile] = [join(root, 'policy.json'), join(root, 'terms.json')];
    writeFileSync(policyFile, JSON.stringify(POLICY));
    writeFileSync(termsFile, JSON.stringify(termsFrom(Date.now())));
    const port = await freePorts(3);
    const plant = await initPlant({
      folder: join(root, 'plant'),
      policyFile,
      termsFile,
      cadence: { intervalMs: INTERVAL_MS, epochIntervals: EPOCH_INTERVALS },
      host: '127.0.0.1',
      advertisedHost: 'localhost',
      ports: { ingest: port, cleared: port + 1, applications: port + 2 },
      channel: 'press',
      ledger: { ...onDevelopmentNetwork(network), chaincode },
    });
    return new CanaryPlant(root, plant, port);
  }

  get ownerConfig() {
    const config = readOwnerConfig(join(this.plant.owner, 'dcmb.json'));
    const channels: [(typeof config.channels)[0]] = [{ ...config.channels[0], tagDepth: TAG_DEPTH }];
    return { ...config, channels };
  }

  startSender(onEvent: ModuleOptions['onEvent']): Promise<SenderModule> {
    return SenderModule.start(this.ownerConfig, onEvent === undefined ? {} : { onEvent });
  }

  startReceiver(onEvent: ModuleOptions['onEvent']): Promise<ReceiverModule> {
    const config = readManufacturerConfig(join(this.plant.manufacturer, 'dcmb.json'));
    const { applications: _, ...own } = config.channels[0];
    return ReceiverModule.start({ ...config, channels: [own] }, onEvent === undefined ? {} : { onEvent });
  }

  async plc(): Promise<TagWriter> {
    const pki = join(this.plant.plc, 'pki');
    const endpoint = `opc.tcp://localhost:${this.port}`;
    const writer = new TagWriter(linkOptions(endpoint, loadIdentity(pki, 'plc'), trustListOf(pki, 'plc'), undefined));
    await writer.connect();
    return writer;
  }

  /** All that the ledger must not know, the files of the owner included. */
  secrets(): Secret[] {
    const { file, agreement } = loadAgreement(join(this.plant.owner, 'agreement.json'));
    const bytes = (name: string, value: Uint8Array): Secret => ({ name, kind: 'bytes', value: Buffer.from(value) });
    const texts = [...Object.values(TAGS), ...Object.values(STREAMS), ...Object.values(TEXTS).flat(), PURPOSE, POLICY_ID];
    const numbers = (name: string, values: readonly number[]): Secret[] =>
      values.map((value) => ({ name: `${name} ${value}`, kind: 'number', value }));
    return [
      ...texts.map((value): Secret => ({ name: `text "${value}"`, kind: 'text', value })),
      ...numbers('raw value', [...RAW_VALUES.strokes, ...RAW_VALUES.heat, RAW_VALUES.refused]),
      ...numbers('threshold', THRESHOLDS),
      ...numbers('condition code', Object.values(CODES).flat()),
      ...numbers('reading count', COUNTS.slice(2)),
      bytes('policy', readFileSync(join(this.plant.owner, 'policy.json'))),
      bytes('nonce of the policy', Buffer.from(readFileSync(join(this.plant.owner, 'keys', 'policy.nonce'), 'utf8'), 'base64url')),
      bytes('catalogue of the agreement', canonicalJson(agreement.streams)),
      bytes('nonce of the agreement', Buffer.from(file.nonce, 'base64url')),
    ];
  }

  /** What the owner alone keeps of its batches: readings as records, opened with the key of its store. */
  async openings(): Promise<string[]> {
    const { keys, channels } = this.ownerConfig;
    const store = new SenderStore(channels[0].store, this.plant.channelId, await loadStoreKey(keys.store));
    try {
      return Array.from({ length: store.counts().sealed }, (_, n) => store.opening(n)?.payload ?? '');
    } finally {
      store.close();
    }
  }

  end(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

function termsFrom(nowMs: number): object {
  const from = new Date(Math.floor(nowMs / 1000) * 1000);
  const instant = (date: Date): string => date.toISOString().replace('.000Z', 'Z');
  return {
    purpose: PURPOSE,
    interval: { lengthMs: INTERVAL_MS, calls: 1, callGridMs: INTERVAL_MS / 6, publishDelayMs: 1400 },
    epoch: { intervals: EPOCH_INTERVALS, disputeWindow: LOOK_AHEAD_MS / (EPOCH_INTERVALS * INTERVAL_MS), lookAheadMs: LOOK_AHEAD_MS },
    deadlines: { depositAfterIntervals: DEPOSIT_AFTER },
    validity: { from: instant(from), to: instant(new Date(from.getTime() + 86_400_000)) },
  };
}

export function strokes(value: number): { nodeId: string; value: UaValue } {
  return { nodeId: inNamespace(INSTANCE_URI, tagId(TAGS.strokes)), value: { type: 'UInt32', value } };
}

export function heat(value: number): { nodeId: string; value: UaValue } {
  return { nodeId: inNamespace(INSTANCE_URI, tagId(TAGS.heat)), value: { type: 'Double', value } };
}
