import type { LocalAnswer } from '../platform/index.ts';
import { type ModuleStatus, type Reason, REASONS } from './module-status.ts';

type Liveness = Pick<ModuleStatus, 'hasFailed'>;
type Readiness = Pick<ModuleStatus, 'channel' | 'isReady' | 'state' | 'reasons' | 'notes'>;

/** Whether the process should go on: 503 asks for a restart. As long as one channel goes on, that would hinder it. */
export function liveAnswer(channels: readonly Liveness[]): LocalAnswer {
  const hasFailed = channels.every((channel) => channel.hasFailed);
  return json(!hasFailed, { live: !hasFailed, reasons: said(hasFailed ? ['FAILED'] : []) });
}

/** Whether the module does its work now, for one channel at least: 503 with the reasons where it does not. */
export function readyAnswer(channels: readonly Readiness[]): LocalAnswer {
  const isReady = channels.some((channel) => channel.isReady);
  const [first, ...others] = channels.map((each) => ({
    ready: each.isReady,
    state: each.state,
    reasons: said(each.reasons),
    notes: said(each.notes),
  }));
  if (others.length === 0) return json(isReady, first ?? {});
  return json(isReady, {
    ready: isReady,
    channels: Object.fromEntries(channels.map(({ channel }, index) => [channel, [first, ...others][index]])),
  });
}

function said(reasons: readonly Reason[]): { readonly reason: Reason; readonly text: string }[] {
  return reasons.map((reason) => ({ reason, text: REASONS[reason] }));
}

function json(isGood: boolean, body: object): LocalAnswer {
  return { status: isGood ? 200 : 503, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}
