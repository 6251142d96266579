/*
 * Runs one scene on a small disk of its own and prints what the store and the journal said, as one JSON object. Started by
 * disk-faults.test.ts with the scene's name and the disk's folder.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DcmbError } from '../../src/core/index.ts';
import { Journal, SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { progressOf, sealedBatch } from './batches.ts';

const [scene, folder = ''] = process.argv.slice(2);
const file = join(folder, 'store.db');
const JOURNAL = { file: `${file}.journal`, purpose: 'channel', key: STORE_KEY };
const READINGS = 'x'.repeat(20_000);

const SCENES: Readonly<Record<string, () => unknown>> = {
  'full disk, store': storeOnFullDisk,
  'full disk, journal': journalOnFullDisk,
  'read-only disk': readOnlyDisk,
  'write fails': writeFails,
};

process.stdout.write(JSON.stringify(await SCENES[scene ?? '']?.()));

async function storeOnFullDisk(): Promise<object> {
  const ballast = fill(300);
  const first = open();
  first.begin(progressOf(0));
  const sealed = sealUntilRefused(first);
  const told = [sealed.code, await codeOf(() => first.progress()), await codeOf(() => first.counts())];
  first.close();

  const stillFull = open();
  const read = stillFull.progress()?.nextBatch;
  told.push(sealUntilRefused(stillFull).code);
  stillFull.close();

  rmSync(ballast);
  const again = open();
  const from = again.progress()?.nextBatch ?? -1;
  again.seal(sealedBatch(from, { payload: READINGS }), progressOf(from + 1));
  const whole = Array.from({ length: from + 1 }, (_, n) => again.opening(n)?.payload === READINGS && again.batch(n) !== undefined);
  again.close();
  return { told, sealed: sealed.sealed, read, from, whole: whole.every(Boolean) };
}

async function journalOnFullDisk(): Promise<object> {
  const ballast = fill(300);
  const journal = await Journal.open(JOURNAL);
  let acknowledged = 0;
  const told: string[] = [];
  while (told.length === 0) {
    const code = await codeOf(() => journal.append(0, `${acknowledged} ${READINGS}`));
    if (code === '') acknowledged++;
    else told.push(code);
  }
  rmSync(ballast);
  told.push(await codeOf(() => journal.append(0, 'after')), await codeOf(() => journal.entries()));
  await journal.close();
  const again = await Journal.open(JOURNAL);
  const kept = (await again.entries()).map(({ text }) => Number(text.split(' ')[0]));
  told.push(await codeOf(() => again.append(0, 'goes on')));
  await again.close();
  return { told, acknowledged, kept: kept.length, inOrder: kept.every((number, i) => number === i) };
}

async function readOnlyDisk(): Promise<object> {
  open().close();
  await (await Journal.open(JOURNAL)).close();
  execFileSync('mount', ['-o', 'remount,ro', folder]);
  const told = [await codeOf(open), await codeOf(() => Journal.open(JOURNAL))];
  execFileSync('mount', ['-o', 'remount,rw', folder]);
  const store = open();
  store.begin(progressOf(0));
  store.close();
  await (await Journal.open(JOURNAL)).close();
  return { told };
}

/** Started with a limit on the size of files: to the program a write that fails. */
async function writeFails(): Promise<object> {
  const store = open();
  store.begin(progressOf(0));
  const { code, sealed } = sealUntilRefused(store);
  const told = [code, await codeOf(() => store.batch(0))];
  store.close();
  const again = open();
  const read = again.progress()?.nextBatch;
  again.close();
  return { told, sealed, read };
}

function open(): SenderStore {
  return new SenderStore(file, 'channel', STORE_KEY);
}

/** Leaves only so much room that the store runs out of it soon. */
function fill(kilobytes: number): string {
  const path = join(folder, 'ballast');
  writeFileSync(path, new Uint8Array(kilobytes * 1024));
  return path;
}

function sealUntilRefused(store: SenderStore): { code: string; sealed: number } {
  for (let n = store.progress()?.nextBatch ?? 0; ; n++) {
    try {
      store.seal(sealedBatch(n, { payload: READINGS }), progressOf(n + 1));
    } catch (error) {
      return { code: error instanceof DcmbError ? `${error.kind} ${error.code}` : String(error), sealed: n };
    }
  }
}

/** Kind and code of what `work` throws, empty where it does not. */
async function codeOf(work: () => unknown): Promise<string> {
  try {
    const done: unknown = await work();
    if (done instanceof SenderStore || done instanceof Journal) await done.close();
    return '';
  } catch (error) {
    return error instanceof DcmbError ? `${error.kind} ${error.code}` : String(error);
  }
}
