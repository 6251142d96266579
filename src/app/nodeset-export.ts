import { RejectedError, toBase64Url } from '../core/index.ts';
import { clearedNodeset, type LayoutConfig } from '../server/index.ts';
import { type LoadedAgreement, loadAgreement } from './agreement-file.ts';
import { readChannel } from './channel-view.ts';
import { type ClearedViewConfig, machineShown, type MachineConfig, viewOf } from './cleared-view.ts';
import { type ConfigErrorCode, readText } from './config.ts';

export interface NodesetChoice {
  /** Name of the channel: needed with an agreement's file, and where a configuration has several. */
  readonly channel?: string;
  /** The machine's name on the cleared server; with an agreement's file only, as its owner tells it. */
  readonly machine?: string;
  /** Language of texts; else the configuration's, or en. */
  readonly locale?: 'en' | 'de';
  /** Of a manufacturer's configuration: the server for its own applications instead of the owner's. */
  readonly applications?: boolean;
}

interface Source {
  readonly loaded: LoadedAgreement;
  readonly channel: string;
  readonly machine: MachineConfig | undefined;
  readonly view: ClearedViewConfig;
}

/**
 * The address space of a channel's cleared server as NodeSet2: for engineering without a connection.
 * @param path either side's configuration, or an agreement's file, which is all that a manufacturer needs
 * @throws RejectedError in one sentence with what to mend
 */
export async function exportNodeset(path: string, choice: NodesetChoice = {}): Promise<string> {
  const { loaded, channel, machine, view } = isAgreement(path) ? ofAgreement(path, choice) : ofConfig(path, choice);
  const { agreement, terms } = loaded;
  const config: LayoutConfig = {
    channel: {
      name: channel,
      id: toBase64Url(terms.channelId),
      ledgerId: agreement.ledger,
      agreementVersion: agreement.version,
      intervalMs: terms.params.intervalMs,
    },
    machine: machineShown(agreement, machine, channel),
    streams: agreement.streams,
    ...viewOf(view),
    ...(choice.locale === undefined ? {} : { locale: choice.locale }),
    ...(choice.applications === true ? { methods: [] } : {}),
  };
  return clearedNodeset(config, { version: `${agreement.version}.0.0`, publishedMs: agreement.notBeforeMs });
}

function ofAgreement(path: string, { channel, machine, applications }: NodesetChoice): Source {
  if (channel === undefined) throw bad(`${path} is an agreement, which does not name its channel. Say it by --channel.`);
  if (applications === true) throw bad('--applications goes with a manufacturer’s configuration, not with an agreement.');
  return { loaded: loadAgreement(path), channel, machine: machine === undefined ? undefined : { name: machine }, view: {} };
}

function ofConfig(path: string, { channel, machine, applications }: NodesetChoice): Source {
  if (machine !== undefined) throw bad(`${path} names the machine itself. Leave --machine out.`);
  const config = readChannel(path, channel);
  const own = config.channels[0];
  if (applications === true && !('applications' in own && own.applications !== undefined))
    throw bad(`${path} has no server for applications. Leave --applications out for the owner's cleared server.`);
  const server = config.role === 'owner' ? config.channels[0].cleared : applications === true ? config.channels[0].applications : {};
  return { loaded: loadAgreement(own.agreement), channel: own.name, machine: config.machine, view: server ?? {} };
}

/** Both kinds of file are JSON; a configuration has no nonce. */
function isAgreement(path: string): boolean {
  try {
    const content: unknown = JSON.parse(readText(path));
    return typeof content === 'object' && content !== null && 'nonce' in content && 'agreement' in content;
  } catch (error) {
    // A configuration may have comments.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function bad(message: string): RejectedError<ConfigErrorCode> {
  return new RejectedError('BAD_CONFIG', message);
}
