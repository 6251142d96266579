import type { ConditionSeen, ModuleEvent } from '../app/index.ts';

/** An event in one line for a person. */
export function eventLine(event: ModuleEvent): string {
  switch (event.event) {
    case 'started':
      return `started: ${Object.entries(event.endpoints)
        .filter(([, url]) => url !== '')
        .map(([name, url]) => `${name} ${url}`)
        .join(', ')}`;
    case 'waiting':
      return `waiting for ${event.for}`;
    case 'running':
      return `running: interval ${event.interval} ends ${new Date(event.nextGridMs).toISOString()}`;
    case 'sealed':
      return `batch ${event.n} sealed: ${event.readings} readings taken${event.refused > 0 ? `, ${event.refused} refused` : ''}`;
    case 'cleared':
      return `batch ${event.n} cleared: ${conditionsText(event.conditions)}`;
    case 'anchored':
      return `batch ${event.n} anchored in block ${event.block}, transaction ${event.transaction}${event.marks.length > 0 ? ` (${event.marks.join(', ')})` : ''}`;
    case 'delivered':
      return `batch ${event.n} delivered`;
    case 'receipted':
      return `batch ${event.n} receipted`;
    case 'received':
      return event.row > 0
        ? `batch ${event.n} received: called for, shows no condition`
        : `batch ${event.n} ${event.via === 'ledger' ? 'read from the ledger' : 'received and verified'}: ${conditionsText(event.conditions)}`;
    case 'acknowledged':
      return `batch ${event.n} receipt given`;
    case 'epoch-record':
      return `epoch record ${event.k} ${event.step}`;
    case 'action':
      return `action ${event.key} ${event.state}${event.message === '' ? '' : `: ${event.message}`}`;
    case 'link':
      return event.message;
    case 'finding':
      return `FINDING ${event.code}${event.n >= 0 ? ` at batch ${event.n}` : ''}: ${event.message}`;
    case 'warning':
      return `warning ${event.code}: ${event.message}`;
    case 'stopped':
      return `stopped: ${event.sealed} batches sealed, ${event.anchored} anchored, ${event.receipted} receipted`;
  }
}

export function conditionsText(conditions: readonly ConditionSeen[]): string {
  return conditions.map(({ stream, text }) => `${stream}: ${text.en}`).join('; ');
}
