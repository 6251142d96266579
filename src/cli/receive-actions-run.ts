import { type ActionEntry, listActions, repeatActions } from '../app/index.ts';
import { printable, printableJson } from './printable.ts';
import { PROGRAM } from './spoken-paths.ts';
import { tableLines } from './table.ts';

export interface ActionsChoice {
  readonly repeat?: string;
  readonly json?: true;
}

/** Done ones that are printed for a person; the JSON form has all. */
const MOST_DONE = 20;

/** Repeats what is asked for, then lists the actions as they stand. */
export async function showActions(config: string, { repeat, json }: ActionsChoice): Promise<void> {
  const repeated = repeat === undefined ? undefined : await repeatActions(config, repeat);
  const actions = await listActions(config);
  const lines = json === true ? actions.map((action) => printableJson(action)) : actionLines(actions, repeated, config).map(printable);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function actionLines(actions: readonly ActionEntry[], repeated: readonly string[] | undefined, config: string): string[] {
  const head = repeated === undefined ? [] : [repeatedLine(repeated)];
  if (actions.length === 0) return [...head, 'No batch has caused an action yet.'];
  const done = actions.filter(({ state }) => state === 'done');
  const shown = [...actions.filter(({ state }) => state !== 'done'), ...done.slice(-MOST_DONE)];
  const rows = shown.map((action) => [
    action.key,
    action.state,
    String(action.tries),
    time(action.causedAtMs),
    time(action.triedAtMs),
    action.state === 'waiting' ? (action.dueAtMs === 0 ? 'now' : time(action.dueAtMs)) : '',
    action.error,
  ]);
  const more = done.length > MOST_DONE ? [`and ${done.length - MOST_DONE} more that are done: --json has them all`] : [];
  const dead = actions.filter(({ state }) => state === 'failed').length;
  const advice = dead === 0 ? [] : ['', `To let dead letters run again: ${PROGRAM} receive actions ${config} --repeat <key>|all`];
  return [
    ...head,
    ...tableLines([['action', 'state', 'tries', 'caused', 'last try', 'next try', 'last error'], ...rows]),
    ...more,
    ...advice,
  ];
}

function repeatedLine(keys: readonly string[]): string {
  return keys.length === 0 ? 'There is no dead letter.' : `${keys.length} wait again: ${keys.join(', ')}`;
}

function time(ms: number): string {
  return ms === 0 ? '' : new Date(ms).toISOString();
}
