/** What both modules log of a batch, read from models/transitions.pml: the file that the model itself includes. */
export interface TransitionTable {
  readonly tracks: ReadonlyMap<string, Track>;
  readonly transitions: ReadonlyMap<string, Transition>;
  /** Events that one durable step does together with the event before. */
  readonly joined: ReadonlyMap<string, string>;
}

export const MODULES = ['owner', 'receiver'] as const;
export type Module = (typeof MODULES)[number];

/** A part of a batch's state. */
export interface Track {
  readonly name: string;
  readonly module: Module;
  /** In the order of the table; the first is the state from the start. */
  readonly states: readonly string[];
}

export interface Transition {
  readonly event: string;
  readonly track: Track;
  readonly from: readonly string[];
  readonly to: string;
  readonly needs: readonly Need[];
}

/** A track of the same batch, or of the batch before, must be in one of the states. */
export interface Need {
  readonly track: Track;
  readonly batch: 'same' | 'before';
  readonly states: readonly string[];
}

const ENTRY = /^(TRACK|TRANSITION|JOINED)\((.*)\)$/;
const NEED = /^(SAME|BEFORE)\((\w+), ([\w|]+)\)$/;
const COMMENT = /\/\*[^]*?\*\//g;

/**
 * Reads a table of transitions.
 * @throws Error naming the line that is no entry, or what it does not know
 */
export function parseTransitionTable(text: string): TransitionTable {
  const entries = text
    .replaceAll(COMMENT, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(parseEntry);
  const tracks = tracksOf(entries);
  const transitions = new Map(rowsOf(entries, 'TRANSITION', 5).map((row) => transitionOf(row, tracks)));
  const joined = new Map(
    rowsOf(entries, 'JOINED', 2).map(([event, next]) => [require(transitions, event).event, require(transitions, next).event]),
  );
  return { tracks, transitions, joined };
}

interface Entry {
  readonly kind: string;
  readonly cells: readonly string[];
}

function parseEntry(line: string): Entry {
  const [, kind, inside] = ENTRY.exec(line) ?? [];
  if (kind === undefined || inside === undefined) throw new Error(`This line of the table is no entry: ${line}`);
  return { kind, cells: inside.split(/,\s*(?![^(]*\))/).map((cell) => cell.trim()) };
}

function rowsOf(entries: readonly Entry[], kind: string, cells: number): string[][] {
  return entries
    .filter((entry) => entry.kind === kind)
    .map((entry) => {
      if (entry.cells.length !== cells) throw new Error(`${kind}(${entry.cells.join(', ')}) has not ${cells} parts.`);
      return [...entry.cells];
    });
}

function tracksOf(entries: readonly Entry[]): Map<string, Track> {
  const rows = rowsOf(entries, 'TRANSITION', 5);
  return new Map(
    rowsOf(entries, 'TRACK', 3).map(([name = '', module = '', first = '']) => {
      const own = rows.filter(([, track]) => track === name);
      const states = [...new Set([first, ...own.map(([, , , to = '']) => to)])];
      return [name, { name, module: moduleOf(module), states }];
    }),
  );
}

function moduleOf(text: string): Module {
  const module = MODULES.find((each) => each === text);
  if (module === undefined) throw new Error(`The table names a module "${text}".`);
  return module;
}

function transitionOf(row: readonly string[], tracks: ReadonlyMap<string, Track>): [string, Transition] {
  const [event = '', trackName = '', from = '', to = '', needs = ''] = row;
  const track = require(tracks, trackName);
  return [event, { event, track, from: statesOf(track, from), to, needs: needsOf(needs, tracks) }];
}

function needsOf(text: string, tracks: ReadonlyMap<string, Track>): Need[] {
  if (text === 'ALWAYS') return [];
  return text.split(/\s*&&\s*/).map((part) => {
    const [, where, name, states] = NEED.exec(part) ?? [];
    if (states === undefined) throw new Error(`The table has a need of an unknown form: ${part}`);
    const track = require(tracks, name);
    return { track, batch: where === 'SAME' ? 'same' : 'before', states: statesOf(track, states) };
  });
}

function statesOf(track: Track, text: string): string[] {
  const states = text.split('|');
  const unknown = states.find((state) => !track.states.includes(state));
  if (unknown !== undefined) throw new Error(`Track ${track.name} never comes into the state "${unknown}".`);
  return states;
}

function require<Value>(map: ReadonlyMap<string, Value>, name: string | undefined): Value {
  const value = name === undefined ? undefined : map.get(name);
  if (value === undefined) throw new Error(`The table uses "${name}" and has no such entry.`);
  return value;
}
