import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RejectedError } from '../../src/core/index.ts';
import { openLogWriter, plainWord, sentence } from '../../src/platform/index.ts';

const clock = { now: () => Date.UTC(2026, 0, 1) };

describe('log files', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'dcmb-log-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  test('one JSON object a line, by the clock of the module, behind what is there', () => {
    const file = join(folder, 'module.log');
    writeFileSync(file, 'before\n');
    const writer = openLogWriter({ level: 'info', file, clock });
    writer.write('info', { event: plainWord('sealed'), n: 4, late: false });
    writer.write('error', { text: sentence`It failed.` });
    writer.close();
    assert.equal(
      readFileSync(file, 'utf8'),
      [
        'before',
        '{"level":"info","time":"2026-01-01T00:00:00.000Z","event":"sealed","n":4,"late":false}',
        '{"level":"error","time":"2026-01-01T00:00:00.000Z","text":"It failed."}',
        '',
      ].join('\n'),
    );
  });

  test('what is below the level is left out', () => {
    const file = join(folder, 'levels.log');
    const writer = openLogWriter({ level: 'warn', file, clock });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) writer.write(level, {});
    writer.close();
    const levels = readFileSync(file, 'utf8').trim().split('\n');
    assert.deepEqual(
      levels.map((line) => (JSON.parse(line) as { level: string }).level),
      ['warn', 'error'],
    );
  });

  test('a line that comes after the end is lost without a fault', () => {
    const writer = openLogWriter({ level: 'info', file: join(folder, 'closed.log'), clock });
    writer.close();
    writer.write('info', {});
    writer.close();
  });

  test('a full disk ends nothing', () => {
    const writer = openLogWriter({ level: 'info', file: '/dev/full', clock });
    for (let line = 0; line < 100; line++) writer.write('info', { line });
    writer.close();
  });

  test('a log that can not be opened is said at the start', () => {
    assert.throws(
      () => openLogWriter({ level: 'info', file: join(folder, 'nowhere', 'at-all.log'), clock }),
      (error) =>
        error instanceof RejectedError && error.code === 'BAD_LOG_FILE' && error.message.includes("at-all.log can't be written (ENOENT)"),
    );
  });
});

describe('what may stand in a line', () => {
  test('ids, codes and URLs pass; sentences of others do not', () => {
    for (const text of ['STORE_FULL', 'opc.tcp://host:4840', 'http://[::1]:9464/metrics', 'aZ-_09', 'a+b'])
      assert.equal(plainWord(text), text);
    for (const text of ['', 'two words', 'a\nb', 'a"b', '{', 'ä', 'x'.repeat(257)]) assert.equal(plainWord(text), undefined);
  });
});
