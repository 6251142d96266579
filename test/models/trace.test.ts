import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkTrace, TraceCheck, type TraceEvent } from '../../scripts/models/trace-check.ts';
import { MODULES, type Module, parseTransitionTable } from '../../scripts/models/transition-table.ts';

const TABLE = parseTransitionTable(readFileSync('models/transitions.pml', 'utf8'));

const OWNER = [
  ['sealed', 'published', 'submitted', 'anchored'],
  ['sealed', 'published', 'submitted', 'refused', 'submitted', 'anchored'],
  ['sealed', 'submitted', 'failed'],
];

/** Events from text such as `sealed 0, started owner, action 0/mail`: kind and number, or module; a key after a slash. */
function trace(text: string): TraceEvent[] {
  return text.split(', ').map((line) => {
    const [kind = '', argument = ''] = line.split(' ');
    if (kind === 'started') return { kind, module: argument as Module };
    const [n, key] = argument.split('/');
    return { kind, n: Number(n), ...(key === undefined ? {} : { key }) };
  });
}

function told(event: TraceEvent): string {
  return 'module' in event ? `${event.kind} ${event.module}` : `${event.kind} ${event.n}`;
}

function findings(text: string, logged: readonly Module[] = MODULES): string[] {
  return checkTrace(TABLE, trace(text), logged).map(({ index, message }) => `${index}: ${message}`);
}

function isLegal(text: string, logged: readonly Module[] = MODULES): boolean {
  return findings(text, logged).length === 0;
}

const WHOLE =
  'started owner, started receiver, sealed 0, published 0, submitted 0, delivered 0, stored 0, countersigned 0, action 0, acted 0, ' +
  'anchored 0, receipted 0, acknowledged 0, sealed 1, published 1, delivered 1, stored 1, countersigned 1, receipted 1, acknowledged 1, ' +
  'submitted 1, refused 1, submitted 1, anchored 1, action 1, acted 1';

describe('traces that are behaviours of the model', () => {
  test('the whole life of two batches', () => {
    assert.deepEqual(findings(WHOLE), []);
  });

  test('an empty trace', () => {
    assert.deepEqual(checkTrace(TABLE, [], MODULES), []);
  });

  for (const kinds of OWNER) {
    test(`of the owner's module alone: ${kinds.join(', ')}`, () => {
      assert.ok(isLegal(kinds.map((kind) => `${kind} 0`).join(', '), ['owner']));
    });
  }

  test("of the receiver's module alone: what the owner's did is taken as done in time", () => {
    assert.ok(isLegal('stored 0, countersigned 0, action 0, acknowledged 0, acted 0, stored 1, countersigned 1', ['receiver']));
  });

  test('delivery goes on to the end while nothing is anchored', () => {
    const delivered = (n: number): string => `delivered ${n}, stored ${n}, countersigned ${n}, receipted ${n}, acknowledged ${n}`;
    assert.ok(isLegal(`sealed 0, sealed 1, ${delivered(0)}, ${delivered(1)}`));
  });

  test('anchoring goes on to the end while nothing is delivered', () => {
    assert.ok(isLegal('sealed 0, sealed 1, submitted 0, anchored 0, submitted 1, anchored 1'));
  });

  test('after a final refusal the next batch is anchored', () => {
    assert.ok(isLegal('sealed 0, sealed 1, submitted 0, failed 0, submitted 1, anchored 1'));
  });

  test('an action runs again, and each of several actions on its own', () => {
    const stored = 'sealed 0, delivered 0, stored 0, countersigned 0';
    assert.ok(isLegal(`${stored}, action 0/mail, action 0/mail, action 0/stop, acted 0/mail, acted 0/stop`));
  });
});

describe('permutations', () => {
  const events = trace(WHOLE);
  const pairs = events.slice(0, -1).map((event, place) => [event, events[place + 1] ?? event] as const);

  /** Neighbours that nothing orders: both ways are behaviours of the model. */
  const FREE = new Set([
    'started owner, started receiver',
    'started receiver, sealed 0',
    'published 0, submitted 0',
    'submitted 0, delivered 0',
    'acted 0, anchored 0',
    'anchored 0, receipted 0',
    'acknowledged 0, sealed 1',
    'published 1, delivered 1',
    'acknowledged 1, submitted 1',
    'anchored 1, action 1',
  ]);

  for (const [place, [one, other]] of pairs.entries()) {
    const name = `${told(one)}, ${told(other)}`;
    test(`${name}, the other way round: ${FREE.has(name) ? 'taken' : 'refused'}`, () => {
      const swapped = events.toSpliced(place, 2, other, one);
      assert.equal(checkTrace(TABLE, swapped, MODULES).length === 0, FREE.has(name));
    });
  }

  test('no event may be left out but those that nothing waits for', () => {
    const dispensable = new Set(['started', 'published', 'action', 'acted', 'refused']);
    for (const [place, event] of events.entries()) {
      const last = place === events.findLastIndex((each) => each.kind === event.kind);
      const follows = checkTrace(TABLE, events.toSpliced(place, 1), MODULES).length > 0;
      if (!dispensable.has(event.kind) && !last) assert.ok(follows, `${place}: ${event.kind}`);
    }
  });

  test('no event may come twice but an action and a start', () => {
    for (const [place, event] of events.entries()) {
      const twice = checkTrace(TABLE, events.toSpliced(place, 0, event), MODULES);
      assert.equal(twice.length > 0, !['started', 'action', 'refused'].includes(event.kind), event.kind);
    }
  });
});

describe('refused', () => {
  const refusals: readonly (readonly [string, string, string])[] = [
    ['a batch without the one before it', 'sealed 1', 'number of batch 0 is Free, not Taken'],
    ['publication before the seal', 'published 0', 'number of batch 0 is Free, not Taken'],
    ['delivery before the seal', 'delivered 0', 'number of batch 0 is Free, not Taken'],
    ['a number used again', 'sealed 0, sealed 0', 'number of batch 0 is Taken, not Free'],
    ['an anchor without persisted bytes', 'sealed 0, anchored 0', 'ledger of batch 0 is Sealed, not Submitted or Refused'],
    ['a new transaction without a refusal', 'sealed 0, submitted 0, submitted 0', 'ledger of batch 0 is Submitted, not Sealed or Refused'],
    ['anchors out of turn', 'sealed 0, sealed 1, submitted 1', 'ledger of batch 0 is Sealed, not Anchored or Failed'],
    ['a second anchor', 'sealed 0, submitted 0, anchored 0, anchored 0', 'ledger of batch 0 is Anchored'],
    ['a failure after the anchor', 'sealed 0, submitted 0, anchored 0, failed 0', 'ledger of batch 0 is Anchored'],
    ['storing what was not delivered', 'sealed 0, stored 0', 'delivery of batch 0 is Waiting, not Delivered'],
    ['countersigning before storing', 'sealed 0, delivered 0, countersigned 0', 'receipt of batch 0 is Missing, not Stored'],
    ['a receipt before the countersignature', 'sealed 0, delivered 0, receipted 0', 'receipt of batch 0 is Missing, not Countersigned'],
    ['an action before the countersignature', 'sealed 0, delivered 0, action 0', 'receipt of batch 0 is Missing'],
    ['an action that ended without a run', 'sealed 0, acted 0', 'action of batch 0 is Idle, not Acting'],
    ['an event of another kind', 'sealed 0, dropped 0', 'The model has no transition "dropped".'],
    ['something between two halves of a step', 'sealed 0, delivered 0, stored 0, action 0', 'within a step of the receiver'],
  ];
  for (const [name, text, why] of refusals) {
    test(name, () => {
      const [first, ...more] = findings(text);
      assert.deepEqual(more, []);
      assert.ok(first?.startsWith(`${text.split(', ').length - 1}: `), first);
      assert.ok(first?.includes(why), first);
    });
  }

  test("an event of a module whose trace it is not, and that module's start", () => {
    assert.match(findings('stored 0', ['owner']).join(), /not one of the receiver/);
    assert.match(findings('started receiver', ['owner']).join(), /not one of the receiver/);
  });

  test('the event that is refused changes nothing: the check goes on from where it stood', () => {
    assert.equal(findings('sealed 0, anchored 0, submitted 0, anchored 0').length, 1);
  });
});

describe('a crash may lose the line of the last step', () => {
  const taken: readonly (readonly [string, string])[] = [
    ['a seal', 'sealed 0, started owner, submitted 0'],
    ['persisted bytes', 'sealed 0, started owner, anchored 0'],
    ['an anchor', 'sealed 0, sealed 1, submitted 0, started owner, submitted 1'],
    ['a refusal', 'sealed 0, submitted 0, started owner, submitted 0'],
    ['a delivery', 'sealed 0, started owner, stored 0, countersigned 0'],
    ['a receipt', 'sealed 0, delivered 0, stored 0, countersigned 0, started owner, acknowledged 0'],
    ['half of what is stored', 'sealed 0, delivered 0, stored 0, started receiver, action 0'],
    ['all that is stored', 'sealed 0, delivered 0, started receiver, action 0, receipted 0, acknowledged 0'],
    ['one line before each of two starts', 'sealed 0, started owner, started owner, sealed 3'],
    ['one line of each module', 'sealed 0, started owner, started receiver, receipted 0'],
    ['one line, after many starts', `${'started owner, '.repeat(60)}sealed 0, started owner, anchored 0`],
  ];
  for (const [name, text] of taken) {
    test(name, () => {
      const starts = `started owner, started receiver, ${text}`;
      assert.deepEqual(findings(starts), []);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['two lines', 'sealed 0, started owner, sealed 3'],
    ['a line of the module that did not crash', 'sealed 0, started receiver, anchored 0'],
    ['a line of a step that was not possible yet', 'sealed 0, started owner, sealed 1, submitted 0, anchored 0, anchored 1'],
    ['a line before the first start', 'submitted 0'],
    ['what needs a step of the other module that was not logged', 'sealed 0, delivered 0, started receiver, acknowledged 0'],
    ['the same line twice', 'sealed 0, submitted 0, started owner, submitted 0, submitted 0'],
  ];
  for (const [name, text] of refused) {
    test(`but not ${name}`, () => {
      assert.equal(findings(`started owner, started receiver, ${text}`).length, 1);
    });
  }
});

test('a legal run with a crash anywhere, and the line before it lost, is taken', () => {
  const events = trace(WHOLE);
  const crash = fc.nat({ max: events.length - 1 }).filter((place) => 'n' in (events[place] as TraceEvent));
  fc.assert(
    fc.property(crash, fc.boolean(), (place, lost) => {
      const kind = events[place]?.kind ?? '';
      const module = TABLE.transitions.get(kind)?.track.module ?? 'owner';
      const withCrash = events.toSpliced(place, lost ? 1 : 0, { kind: 'started', module });
      // A half that follows a lost half says that the step was not lost as a whole.
      fc.pre(!(lost && TABLE.joined.has(kind)));
      assert.deepEqual(checkTrace(TABLE, withCrash, MODULES), []);
    }),
  );
});

test('whatever is taken one by one leads only to states that the table allows', () => {
  const kinds = [...TABLE.transitions.keys()];
  const event = fc.record({ kind: fc.constantFrom(...kinds), n: fc.nat({ max: 2 }) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const check = new TraceCheck(TABLE, MODULES);
      const taken = events.filter((each) => check.take(each) === undefined);
      assert.deepEqual(checkTrace(TABLE, taken, MODULES), []);
      for (const { kind, n } of taken.filter(({ kind }) => kind === 'action')) {
        const before = taken.slice(
          0,
          taken.findIndex((each) => each.kind === kind && each.n === n),
        );
        assert.ok(before.some((each) => each.kind === 'countersigned' && each.n === n));
      }
    }),
    { numRuns: 500 },
  );
});
