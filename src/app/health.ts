import type { LocalAnswer } from '../platform/index.ts';
import { type ModuleStatus, type Reason, REASONS } from './module-status.ts';

/** Whether the process should go on: 503 asks for a restart. */
export function liveAnswer({ hasFailed }: Pick<ModuleStatus, 'hasFailed'>): LocalAnswer {
  return json(!hasFailed, { live: !hasFailed, reasons: said(hasFailed ? ['FAILED'] : []) });
}

/** Whether the module does its work now: 503 with the reasons where it does not. */
export function readyAnswer({
  isReady,
  state,
  reasons,
  notes,
}: Pick<ModuleStatus, 'isReady' | 'state' | 'reasons' | 'notes'>): LocalAnswer {
  return json(isReady, { ready: isReady, state, reasons: said(reasons), notes: said(notes) });
}

function said(reasons: readonly Reason[]): { readonly reason: Reason; readonly text: string }[] {
  return reasons.map((reason) => ({ reason, text: REASONS[reason] }));
}

function json(isGood: boolean, body: object): LocalAnswer {
  return { status: isGood ? 200 : 503, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}
