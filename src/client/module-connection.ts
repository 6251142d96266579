import { DataType, type DataValue, type Variant } from 'node-opcua';
import { hasCode, type Json, PROTOCOL_VERSIONS } from '../core/index.ts';
import {
  channelChildId,
  channelNodeId,
  type Children,
  INSTANCE_URI,
  inNamespace,
  lastBatchChildId,
  streamChildId,
} from '../nodeset/index.ts';
import { callMethod, type MethodArgument } from './calls.ts';
import { rejected } from './errors.ts';
import { type LinkState, type SessionView, UaLink } from './link.ts';
import type { LinkOptions } from './link-options.ts';
import { Monitoring, type MonitoredVariable } from './monitoring.ts';
import { agreeOnVersion } from './protocol-version.ts';

/** What the cleared server shows of a stream at one grid point. */
export interface ClearedCondition {
  readonly stream: string;
  /** Condition code; undefined where the server shows none yet. */
  readonly code: number | undefined;
  /** OPC UA StatusCode, unsigned 32 bits. */
  readonly status: number;
  /** The grid point, ms since 1970 (the source timestamp). */
  readonly gridMs: number;
}

export interface ModuleHooks {
  condition?(condition: ClearedCondition): void;
  /** The last batch whose delivery is ready. */
  batch?(n: number): void;
  /** After `connected` without `resumed`, notifications may have been missed: ask for the batches that lack. */
  state?(state: LinkState): void;
}

export interface ModuleConnectionOptions extends LinkOptions {
  /** Name of the channel at the cleared server. */
  readonly channel: string;
  /** Names of the streams to follow. */
  readonly streams: readonly string[];
  /** Namespace of the cleared server's instances. Default `urn:dcmb:instance`. */
  readonly namespaceUri?: string;
  /** ms between two notifications at most. Default 50. */
  readonly publishingMs?: number;
  /** Protocol versions that may be spoken. Default those of this program. */
  readonly protocolVersions?: readonly number[];
}

type ChannelMethod = Exclude<Children['ClearedChannelType'], 'Streams' | 'ProtocolVersions'>;

/**
 * The receiver's connection to an owner's cleared server. What comes through it is checked by nobody yet: evidence is
 * verified where it is used.
 */
export class ModuleConnection {
  readonly #options: ModuleConnectionOptions;
  readonly #hooks: ModuleHooks;
  readonly #link: UaLink;
  #monitoring: Monitoring | undefined;
  #version: number | undefined;

  constructor(options: ModuleConnectionOptions, hooks: ModuleHooks = {}) {
    this.#options = options;
    this.#hooks = hooks;
    this.#link = new UaLink(options, {
      prepare: (view) => this.#prepare(view),
      survived: () => this.#monitoring?.whole === true,
      onState: (state) => hooks.state?.(state),
    });
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  /** Protocol version that the two modules speak with each other; undefined before the first connection. */
  get protocolVersion(): number | undefined {
    return this.#version;
  }

  /** One attempt. @throws RejectedError or UnavailableError, see ClientErrorCode */
  async connect(): Promise<void> {
    await this.#link.connect();
  }

  /** Tries until the server is there or `close` is called; failures go to the `state` hook. */
  async connectPatiently(): Promise<void> {
    await this.#link.connectPatiently();
  }

  async close(): Promise<void> {
    this.#monitoring?.stop();
    await this.#link.close();
  }

  /** The delivery of a batch, or undefined where the server has none (any more). @throws see {@link callMethod} */
  async fetchDelivery(n: number): Promise<Json | undefined> {
    return await this.#fetch('FetchDelivery', n);
  }

  /** Header, anchor and ledger position of a batch. @throws see {@link callMethod} */
  async getEvidence(n: number): Promise<Json | undefined> {
    return await this.#fetch('GetEvidence', n);
  }

  /** The owner's proposal of epoch record `k`, signed by the owner. @throws see {@link callMethod} */
  async fetchEpochRecord(k: number): Promise<Json | undefined> {
    return await this.#fetch('FetchEpochRecord', k);
  }

  /** Hands over a receipt's envelope. Giving it twice does no harm. @throws see {@link callMethod} */
  async acknowledge(receipt: Json): Promise<void> {
    await this.#call('Acknowledge', [textArgument(receipt)]);
  }

  /** Hands over an epoch record's envelope with our signature. @throws see {@link callMethod} */
  async countersignEpochRecord(envelope: Json): Promise<void> {
    await this.#call('CountersignEpochRecord', [textArgument(envelope)]);
  }

  async #fetch(method: ChannelMethod, number: number): Promise<Json | undefined> {
    try {
      const outputs = await this.#call(method, [{ dataType: DataType.UInt32, value: number }]);
      return jsonOf(outputs, method);
    } catch (error) {
      if (hasCode(error, 'NOT_THERE')) return undefined;
      throw error;
    }
  }

  async #call(method: ChannelMethod, inputs: readonly MethodArgument[]): Promise<Variant[]> {
    const { channel } = this.#options;
    const address = {
      name: method,
      objectId: this.#nodeId(channelNodeId(channel)),
      methodId: this.#nodeId(channelChildId(channel, method)),
    };
    return await callMethod(this.#link.view(), this.#options, address, inputs);
  }

  async #prepare(view: SessionView): Promise<void> {
    this.#monitoring?.stop();
    const { channel, endpointUrl, protocolVersions } = this.#options;
    const said = this.#nodeId(channelChildId(channel, 'ProtocolVersions'));
    this.#version = await agreeOnVersion(view, said, protocolVersions ?? PROTOCOL_VERSIONS, endpointUrl);
    const variables = [...this.#options.streams.map((stream) => this.#streamVariable(stream)), this.#batchVariable()];
    this.#monitoring = await Monitoring.start(view, variables, {
      publishingMs: this.#options.publishingMs ?? 50,
      onDead: () => this.#link.rebuild(),
      onAlive: () => undefined,
    });
  }

  #streamVariable(stream: string): MonitoredVariable {
    const { channel } = this.#options;
    return {
      nodeId: this.#nodeId(streamChildId(channel, stream, 'ConditionCode')),
      samplingMs: 0,
      queueSize: 100,
      onValue: (dataValue) => this.#hooks.condition?.(conditionOf(stream, dataValue)),
    };
  }

  #batchVariable(): MonitoredVariable {
    return {
      nodeId: this.#nodeId(lastBatchChildId(this.#options.channel, 'BatchId')),
      samplingMs: 0,
      queueSize: 100,
      onValue: (dataValue) => {
        const n: unknown = dataValue.value.value;
        if (dataValue.statusCode.isGood() && typeof n === 'number') this.#hooks.batch?.(n);
      },
    };
  }

  #nodeId(id: string): string {
    return inNamespace(this.#options.namespaceUri ?? INSTANCE_URI, id);
  }
}

function conditionOf(stream: string, dataValue: DataValue): ClearedCondition {
  const code: unknown = dataValue.value.value;
  return {
    stream,
    code: typeof code === 'number' ? code : undefined,
    status: dataValue.statusCode.value >>> 0,
    gridMs: dataValue.sourceTimestamp?.getTime() ?? 0,
  };
}

function textArgument(value: Json): MethodArgument {
  return { dataType: DataType.String, value: JSON.stringify(value) };
}

/** Undefined for an empty text: the server has nothing. @throws RejectedError `BAD_ANSWER` */
function jsonOf(outputs: readonly Variant[], method: string): Json | undefined {
  const text: unknown = outputs[0]?.value;
  if (text === '' || text === null) return undefined;
  if (typeof text !== 'string') throw rejected('BAD_ANSWER', `The server's answer to ${method} is not a text.`);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw rejected('BAD_ANSWER', `The server's answer to ${method} is not JSON.`, { cause });
  }
}
