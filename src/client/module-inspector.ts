import { AttributeIds, DataType, type Variant } from 'node-opcua';
import { type Json, PROTOCOL_VERSIONS } from '../core/index.ts';
import { channelChildId, channelNodeId, INSTANCE_URI, inNamespace, type NodesetDocument, streamChildId } from '../nodeset/index.ts';
import { compared, type ConformanceLine, found, wrong } from './conformance-lines.ts';
import { inspectNodes } from './conformance-nodes.ts';
import { type ExpectedChannel, inspectValues, type ShownNow } from './conformance-values.ts';
import type { SessionView } from './link.ts';
import type { LinkOptions } from './link-options.ts';
import { resolveNodeId } from './namespaces.ts';
import { agreeOnVersion } from './protocol-version.ts';
import { openSession, type OpenSession } from './session.ts';

type Method = Parameters<typeof channelChildId>[1];
const NO_BATCH = 0xffffffff;

/** Looks at somebody's module over one session, as the manufacturer's module would meet it. */
export class ModuleInspector {
  readonly #options: LinkOptions;
  readonly #open: OpenSession;
  readonly #view: SessionView;
  readonly #expected: ExpectedChannel;

  private constructor(options: LinkOptions, open: OpenSession, expected: ExpectedChannel) {
    this.#options = options;
    this.#open = open;
    this.#view = { session: open.session, nodeId: (text) => resolveNodeId(text, open.namespaces) };
    this.#expected = expected;
  }

  /** @throws RejectedError or UnavailableError, see ClientErrorCode */
  static async open(options: LinkOptions, expected: ExpectedChannel): Promise<ModuleInspector> {
    const nothing = (): void => undefined;
    return new ModuleInspector(options, await openSession(options, { lost: nothing, restored: nothing, broken: nothing }), expected);
  }

  get hasInstances(): boolean {
    return this.#open.namespaces.includes(INSTANCE_URI);
  }

  async version(): Promise<ConformanceLine> {
    const about = 'protocol version';
    const { name } = this.#expected;
    const nodeId = inNamespace(INSTANCE_URI, channelChildId(name, 'ProtocolVersions'));
    try {
      return found(about, `${await agreeOnVersion(this.#view, nodeId, PROTOCOL_VERSIONS, this.#options.endpointUrl)}`);
    } catch (error) {
      return wrong(about, error instanceof Error ? error.message : String(error));
    }
  }

  nodes(model: NodesetDocument): Promise<ConformanceLine[]> {
    const { name, streams } = this.#expected;
    const place = { view: this.#view, namespaces: this.#open.namespaces, model, channel: name };
    return inspectNodes(
      place,
      streams.map((stream) => stream.name),
    );
  }

  values(): Promise<ShownNow> {
    return inspectValues(this.#view, this.#expected);
  }

  /** What must be refused, and with which status. */
  async refusals(): Promise<ConformanceLine[]> {
    const { name, streams } = this.#expected;
    const lines: ConformanceLine[] = [];
    for (const stream of streams.slice(0, 1)) {
      const nodeId = this.#view.nodeId(inNamespace(INSTANCE_URI, streamChildId(name, stream.name, 'ConditionCode')));
      const value = { value: { dataType: DataType.Int32, value: 0 } };
      const status = await this.#open.session.write({ nodeId, attributeId: AttributeIds.Value, value });
      lines.push(refusal(`writing ${name}/Streams/${stream.name}/ConditionCode`, status.name, ['BadNotWritable', 'BadUserAccessDenied']));
    }
    lines.push(refusal('FetchDelivery of no batch', (await this.#call('FetchDelivery', NO_BATCH)).status, ['BadNotFound']));
    lines.push(refusal('GetEvidence of no batch', (await this.#call('GetEvidence', NO_BATCH)).status, ['BadNotFound']));
    lines.push(refusal('Acknowledge of no receipt', (await this.#call('Acknowledge', 'no receipt')).status, ['BadInvalidArgument']));
    return lines;
  }

  /** What a method gives for a batch, and its status. */
  async document(
    method: 'FetchDelivery' | 'GetEvidence',
    n: number,
  ): Promise<{ readonly status: string; readonly json: Json | undefined }> {
    const { status, outputs } = await this.#call(method, n);
    const text: unknown = outputs[0]?.value;
    try {
      return { status, json: typeof text === 'string' ? (JSON.parse(text) as Json) : undefined };
    } catch {
      return { status, json: undefined };
    }
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  async #call(method: Method, argument: number | string): Promise<{ readonly status: string; readonly outputs: readonly Variant[] }> {
    const { name } = this.#expected;
    const dataType = typeof argument === 'number' ? DataType.UInt32 : DataType.String;
    const { statusCode, outputArguments } = await this.#open.session.call({
      objectId: this.#view.nodeId(inNamespace(INSTANCE_URI, channelNodeId(name))),
      methodId: this.#view.nodeId(inNamespace(INSTANCE_URI, channelChildId(name, method))),
      inputArguments: [{ dataType, value: argument }],
    });
    return { status: statusCode.name, outputs: outputArguments ?? [] };
  }
}

function refusal(about: string, status: string, expected: readonly string[]): ConformanceLine {
  return expected.includes(status) ? found(about, `refused with ${status}`) : compared(about, status, expected.join(' or '));
}
