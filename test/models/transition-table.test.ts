import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { PLANTED_ERRORS, SOUND_RUNS } from '../../scripts/models/model-runs.ts';
import { tableSteps } from '../../scripts/models/table-steps.ts';
import { parseTrace } from '../../scripts/models/trace-file.ts';
import { parseTransitionTable } from '../../scripts/models/transition-table.ts';

const TEXT = readFileSync('models/transitions.pml', 'utf8');
const MODEL = readFileSync('models/batch-protocol.pml', 'utf8');
const README = readFileSync('models/README.md', 'utf8');

describe('the table of transitions', () => {
  const table = parseTransitionTable(TEXT);

  test('has the states of a batch in the words of the design', () => {
    assert.deepEqual(table.tracks.get('ledger')?.states, ['Sealed', 'Submitted', 'Refused', 'Anchored', 'Failed']);
    assert.deepEqual(table.tracks.get('delivery')?.states, ['Waiting', 'Delivered', 'Receipted']);
    assert.equal(table.tracks.get('receipt')?.module, 'receiver');
  });

  test('reads needs of the same batch and of the batch before', () => {
    const needs = table.transitions.get('submitted')?.needs.map(({ track, batch, states }) => [track.name, batch, ...states]);
    assert.deepEqual(needs, [
      ['number', 'same', 'Taken'],
      ['ledger', 'before', 'Anchored', 'Failed'],
    ]);
    assert.deepEqual(table.transitions.get('anchored')?.needs, []);
    assert.deepEqual([...table.joined], [['stored', 'countersigned']]);
  });

  test('allows for one batch what can be counted by hand, and nothing twice', () => {
    const tiny = parseTransitionTable(`TRACK(a, owner, No)
      TRACK(b, receiver, No)
      TRANSITION(one, a, No, Yes, ALWAYS)
      TRANSITION(two, b, No, Yes, SAME(a, Yes) && BEFORE(b, Yes))`);
    assert.deepEqual([...tableSteps(tiny, 1)], ['one 0 1 1', 'two 0 2 1']);
    assert.equal(tableSteps(tiny, 2).size, 8);
  });

  test('lets nothing come between two halves of one step', () => {
    const steps = tableSteps(table, 1);
    const stored = [...steps].filter((step) => step.split(' ')[6] === '2');
    assert.ok(stored.length > 0);
    assert.ok(stored.every((step) => step.startsWith('countersigned ')));
  });

  const faults: readonly (readonly [string, string, RegExp])[] = [
    ['a line that is no entry', 'TRACK(a, owner, No)\nsomething else', /no entry: something else/],
    ['an entry of too few parts', 'TRACK(a, owner)', /has not 3 parts/],
    ['a module that is neither', 'TRACK(a, auditor, No)', /module "auditor"/],
    ['a track that is not declared', 'TRANSITION(one, a, No, Yes, ALWAYS)', /uses "a"/],
    ['a state that no transition leads to', 'TRACK(a, owner, No)\nTRANSITION(one, a, Maybe, Yes, ALWAYS)', /"Maybe"/],
    ['a need of another form', 'TRACK(a, owner, No)\nTRANSITION(one, a, No, Yes, AFTER(a, Yes))', /unknown form: AFTER/],
    ['a joined event that is none', 'TRACK(a, owner, No)\nTRANSITION(one, a, No, Yes, ALWAYS)\nJOINED(one, two)', /uses "two"/],
  ];
  for (const [name, text, message] of faults) {
    test(`refuses ${name}`, () => assert.throws(() => parseTransitionTable(text), message));
  }
});

describe('the page about the model', () => {
  test('shows the table as it is', () => {
    for (const line of TEXT.split('\n').filter((each) => /^(TRACK|TRANSITION|JOINED)/.test(each))) assert.ok(README.includes(line), line);
  });

  test('names every invariant, run and planted error', () => {
    for (const [, name] of MODEL.matchAll(/^hidden byte (\w+) = true;$/gm)) assert.ok(README.includes(`\`${name}\``), name);
    for (const { name } of [...SOUND_RUNS, ...PLANTED_ERRORS]) assert.ok(README.includes(`| ${name} |`), name);
  });

  test('every invariant is broken by a planted error', () => {
    const broken = new Set(PLANTED_ERRORS.map(({ violates }) => violates));
    const names = [...MODEL.matchAll(/^hidden byte (\w+) = true;$/gm)].map(([, name = '']) => name);
    assert.ok(names.length > 0);
    assert.deepEqual(
      names.filter((name) => !broken.has(name)),
      [],
    );
  });

  test('every error that the model can be built with is planted in some run', () => {
    const scopes = /^(WITHOUT_(LEDGER|RECEIVER|DISPLAY|WRITES|TABLE)|STEPS|\w+_MAY_\w+|ASKS_WHEN_TAKEN|PROGRESS_SAVED_LATER)$/;
    const names = [...MODEL.matchAll(/(?:#ifn?def |defined\()(\w+)/g)].map(([, name = '']) => name);
    const used = new Set(PLANTED_ERRORS.flatMap(({ defines }) => defines));
    const bounds = /^(BATCHES|READINGS|\w+_CRASHES|\w+_FAULTS|TOKEN_CHANGES)$/;
    assert.deepEqual(
      [...new Set(names)].filter((name) => !scopes.test(name) && !bounds.test(name) && !used.has(name)),
      [],
    );
  });
});

describe('a trace file', () => {
  test('has one event a line', () => {
    assert.deepEqual(parseTrace('{"kind":"started","module":"owner"}\n{"kind":"sealed","n":0}\n{"kind":"action","n":0,"key":"mail"}\n'), [
      { kind: 'started', module: 'owner' },
      { kind: 'sealed', n: 0 },
      { kind: 'action', n: 0, key: 'mail' },
    ]);
    assert.deepEqual(parseTrace(''), []);
  });

  for (const line of [
    '{"kind":"sealed"',
    '{"kind":"sealed"}',
    '{"kind":"sealed","n":-1}',
    '{"kind":"started","module":"x"}',
    '{"kind":"sealed","n":0,"x":1}',
    '',
  ]) {
    test(`refuses the line '${line}'`, () => assert.throws(() => parseTrace(`{"kind":"sealed","n":0}\n${line}\n`), /Line 2 of the trace/));
  }

  test('that does not end with a line break is refused', () => {
    assert.throws(() => parseTrace('{"kind":"sealed","n":0}'), /last line is not whole/);
  });
});
