import { type ConditionSeen, isRefusal, type ModuleEvent } from '../app/index.ts';
import { printable } from './printable.ts';
import { PROGRAM } from './spoken-paths.ts';

type Lines = { readonly [Kind in ModuleEvent['event']]: (event: Extract<ModuleEvent, { event: Kind }>, config: string) => string };

const LINES: Lines = {
  started: ({ endpoints }) => `started: ${endpointsText(endpoints)}`,
  waiting: (event) => `waiting for ${event.for}`,
  running: ({ interval, nextGridMs }) => `running: interval ${interval} ends ${new Date(nextGridMs).toISOString()}`,
  sealed: ({ n, readings, refused }) => `batch ${n} sealed: ${readings} readings taken${refused > 0 ? `, ${refused} refused` : ''}`,
  cleared: ({ n, conditions }) => `batch ${n} cleared: ${conditionsText(conditions)}`,
  anchored: ({ n, block, transaction, marks }) => `batch ${n} anchored in block ${block}, transaction ${transaction}${marksText(marks)}`,
  delivered: ({ n }) => `batch ${n} delivered`,
  receipted: ({ n }) => `batch ${n} receipted`,
  erased: ({ batches }) => `readings and seeds of ${batches} batches erased: their retention is over`,
  deposited: ({ n }) => `batch ${n} deposited on the ledger: it has no receipt`,
  dropped: droppedText,
  'cache-full': ({ because, atLimit }) =>
    `the cache is full (${because}): ${atLimit === 'stop' ? 'no value is taken before receipts are back' : `readings are given up (${atLimit})`}`,
  'cache-free': () => 'the cache has room again',
  received: receivedText,
  acknowledged: ({ n }) => `batch ${n} receipt given`,
  'epoch-record': ({ k, step }) => `epoch record ${k} ${step}`,
  action: ({ key, state, message }) => `action ${key} ${state}${message === '' ? '' : `: ${message}`}`,
  claimed: ({ claim, transaction }) =>
    `${claimText(claim)} is on the ledger${transaction === '' ? ' already' : `, transaction ${transaction}`}`,
  link: ({ message }) => message,
  finding: ({ n, code, message }) => `FINDING ${code}${n >= 0 ? ` at batch ${n}` : ''}: ${message}`,
  stranger: strangerText,
  audited: ({ server, service, user, method, status, nodes, commitment }) => {
    if (!isRefusal(status)) return '';
    const times = commitment === '' ? `, ${nodes} more times` : '';
    return `${user} was refused by "${server}": ${service}${method === '' ? '' : ` of ${method}`}, ${status}${times}`;
  },
  // The audited ones are told; the sums are for metrics.
  refused: () => '',
  'channel-failed': ({ message }) => `FAILED, this channel takes no more values: ${message}`,
  failed: ({ message }) => `FAILED, no more values are taken: ${message}`,
  warning: ({ code, message }) => `warning ${code}: ${message}`,
  stopped: ({ sealed, anchored, receipted }) => `stopped: ${sealed} batches sealed, ${anchored} anchored, ${receipted} receipted`,
};

/**
 * An event in one line for a person; empty where there is nothing that a person would want to read.
 * @param config the configuration's path, for commands that can be pasted
 */
export function eventLine<Kind extends ModuleEvent['event']>(event: Extract<ModuleEvent, { event: Kind }>, config: string): string {
  const line = LINES[event.event] as (event: ModuleEvent, config: string) => string;
  const text = printable(line(event, config));
  return event.channelName === undefined || text === '' ? text : `[${event.channelName}] ${text}`;
}

/** Each channel has a list of its own, which commands name with it. */
function strangerText({ name, application, thumbprint, channelName }: Extract<ModuleEvent, { event: 'stranger' }>, config: string): string {
  const list = `--application ${application}${channelName === undefined ? '' : `/${channelName}`}`;
  return `${name} was refused by "${application}": it is not trusted yet. To let it in: ${PROGRAM} trust add ${config} ${thumbprint.slice(0, 16)} ${list}`;
}

function endpointsText(endpoints: Readonly<Record<string, string>>): string {
  const reachable = Object.entries(endpoints).filter(([, url]) => url !== '');
  return reachable.map(([name, url]) => `${name} ${url}`).join(', ');
}

/** Claims have ids such as `overdue:7` and `dispute:3:fork`; those of objections end with a hash. */
function claimText(id: string): string {
  const [kind = '', n = '', which = ''] = id.split(':');
  const texts: Readonly<Record<string, string>> = {
    receipt: `the receipt for the deposit of batch ${n}`,
    overdue: `the claim that interval ${n} is overdue`,
    dispute: `the dispute "${which}" about batch ${n}`,
    epochObjection: `the objection to epoch record ${n}`,
  };
  return texts[kind] ?? id;
}

function marksText(marks: readonly string[]): string {
  return marks.length > 0 ? ` (${marks.join(', ')})` : '';
}

function receivedText({ n, row, via, conditions }: Extract<ModuleEvent, { event: 'received' }>): string {
  if (row > 0) return `batch ${n} received: called for, shows no condition`;
  return `batch ${n} ${via === 'ledger' ? 'read from the ledger' : 'received and verified'}: ${conditionsText(conditions)}`;
}

function droppedText({ what, because, fromBatch, toBatch }: Extract<ModuleEvent, { event: 'dropped' }>): string {
  const batches = fromBatch === toBatch ? `batch ${fromBatch}` : `batches ${fromBatch} to ${toBatch}`;
  return `${what === 'readings' ? 'readings' : 'delivery'} of ${batches} given up: the cache is over its limit (${because})`;
}

export function conditionsText(conditions: readonly ConditionSeen[]): string {
  return conditions.map(({ stream, text }) => `${stream}: ${text.en}`).join('; ');
}
