import type { ClearedServerEvent, Refusals } from '../server/index.ts';
import type { ModuleListener } from './events.ts';

/** Tells what a server refused. */
export function refusalTeller(server: 'ingest' | 'cleared' | 'applications', listener: ModuleListener) {
  return (refusals: readonly Refusals[]): void => {
    for (const { service, status, count } of refusals) listener({ event: 'refused', server, service, status, count });
  };
}

/** Tells what a cleared server's clients wrote and called, what it refused, and when its process was lost. */
export function clearedTeller(server: 'cleared' | 'applications', listener: ModuleListener): (event: ClearedServerEvent) => void {
  const refused = refusalTeller(server, listener);
  return (event) => {
    if (event.kind === 'lost') listener({ event: 'warning', code: 'CLEARED_SERVER_LOST', message: lostText(event) });
    if (event.kind === 'refusals') refused(event.refusals);
    if (event.kind === 'unaudited') {
      for (const { count, ...audit } of event.unaudited) listener({ event: 'audited', server, ...audit, nodes: count, commitment: '' });
    }
    if (event.kind === 'audited') {
      const { service, user, method, status, nodes, commitment } = event;
      listener({ event: 'audited', server, service, user, method, status, nodes, commitment });
    }
  };
}

function lostText({ why, againInMs }: { readonly why: string; readonly againInMs: number }): string {
  return `The cleared server's process ended (${why}). It is started again in ${againInMs} ms; clients reconnect by themselves.`;
}
