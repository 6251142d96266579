import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HistoryGate } from '../../src/server/cleared/history-gate.ts';
import { cleared, View } from './cleared-support.ts';
import { Archive, request, send } from './history-support.ts';
import { certificateUser } from './support.ts';

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A module that answers when it is told to, and notes who asked in which order. */
class Module {
  readonly asked: string[] = [];
  readonly #answers: (() => void)[] = [];

  readonly ask = (who: string) => (): Promise<string> => {
    this.asked.push(who);
    return new Promise((resolve) => this.#answers.push(() => resolve(who)));
  };

  async answer(): Promise<void> {
    this.#answers.shift()?.();
    await settled();
  }
}

describe('the gate of history reads', () => {
  test('asks one question of a session at a time, those of the others in turn', async () => {
    const [gate, module, busy, other] = [new HistoryGate(), new Module(), {}, {}];
    const reads = [...Array.from({ length: 3 }, (_, i) => gate.ask(busy, module.ask(`busy ${i}`))), gate.ask(other, module.ask('other'))];
    await settled();
    assert.deepEqual(module.asked, ['busy 0', 'other']);
    for (let i = 0; i < 4; i++) await module.answer();
    assert.deepEqual(await Promise.all(reads), ['busy 0', 'busy 1', 'busy 2', 'other']);
  });

  test('asks no more than four questions at once, and the next session before the same again', async () => {
    const [gate, module] = [new HistoryGate(), new Module()];
    const sessions = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name }));
    const reads = sessions.flatMap((session) => [1, 2].map((n) => gate.ask(session, module.ask(`${session.name}${n}`))));
    await settled();
    assert.deepEqual(module.asked, ['a1', 'b1', 'c1', 'd1']);
    for (let i = 0; i < 10; i++) await module.answer();
    assert.deepEqual(module.asked.slice(4), ['e1', 'a2', 'b2', 'c2', 'd2', 'e2']);
    await Promise.all(reads);
  });

  test('a question that was given up keeps its place until the module has answered it', async () => {
    const [gate, module, session] = [new HistoryGate(20), new Module(), {}];
    await assert.rejects(gate.ask(session, module.ask('first')), { code: 'HISTORY_TIMEOUT' });
    await assert.rejects(gate.ask(session, module.ask('second')), { code: 'HISTORY_TIMEOUT' });
    assert.deepEqual(module.asked, ['first'], 'the second never reached the module');
    await module.answer();
    const third = gate.ask(session, module.ask('third'));
    await module.answer();
    assert.equal(await third, 'third');
  });

  test('a question that fails gives its place back', async () => {
    const [gate, session] = [new HistoryGate(), {}];
    await assert.rejects(
      gate.ask(session, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await gate.ask(session, () => Promise.resolve(1)), 1);
  });
});

test('a client that says it is impatient does not make the module work for nobody', async () => {
  const archive = new Archive();
  archive.answersAfterMs = 300;
  const on = await cleared({ history: (query) => archive.history(query) });
  try {
    const [hasty, patient] = [await View.open(on, certificateUser(on.manufacturer)), await View.open(on, certificateUser(on.manufacturer))];
    const hint = (view: View, timeoutHint: number) => {
      const message = request(view, { most: 1 });
      message.requestHeader.timeoutHint = timeoutHint;
      return send(view.session, message);
    };
    const results = await Promise.all([hint(hasty, 1), hint(hasty, 1), hint(hasty, 1), hint(patient, 20_000)]);
    assert.deepEqual(
      results.map(([result]) => result?.statusCode.name),
      ['Good', 'Good', 'Good', 'Good'],
    );
    assert.ok(archive.mostOpen <= 2, 'one question of each session');
    await Promise.all([hasty.close(), patient.close()]);
  } finally {
    await on.server.stop();
  }
});
