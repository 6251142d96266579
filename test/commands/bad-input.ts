import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { initPlant } from '../../src/app/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { CommandRunner, dcmb, type Run, secretsOf } from '../cli/program.ts';

/** Policy of the plants here: small, with one tag. */
export const POLICY = fileURLToPath(new URL('../../examples/policies/work-pieces.json', import.meta.url));

/** A plant of its own for one case, with ways to spoil it. */
export class SpoiltPlant {
  readonly folder: string;
  /** Port of its ingest server; the others have the next two. */
  readonly port: number;
  readonly #cleanUps: (() => unknown)[] = [];

  constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  at(path: string): string {
    return join(this.folder, path);
  }

  write(path: string, content: string | Uint8Array, mode = 0o600): string {
    writeFileSync(this.at(path), content, { mode });
    return this.at(path);
  }

  /** Replaces text in a file. Fails where there is nothing to replace, so that no case tests a file that is well. */
  replace(path: string, from: string | RegExp, to: string): string {
    const before = readFileSync(this.at(path), 'utf8');
    const text = before.replace(from, to);
    assert.notEqual(text, before, `${path} has no ${String(from)}`);
    return this.write(path, text);
  }

  read(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  after(work: () => unknown): void {
    this.#cleanUps.push(work);
  }

  async close(): Promise<void> {
    for (const work of this.#cleanUps) await work();
  }
}

export interface BadInput {
  /** What is wrong. */
  readonly wrong: string;
  /** Spoils the plant and gives the command line. */
  readonly run: (plant: SpoiltPlant) => readonly string[] | Promise<readonly string[]>;
  /** Found on standard input. */
  readonly input?: string;
  /** Must all be in the sentence: the file or other place, what is wrong, the remedy. */
  readonly says: readonly (string | RegExp)[];
}

/** No case may repeat this; it stands wherever a file is filled with something wrong. */
export const MARKER = 'c0nfidential-9137';

/** Folder of a plant that is well, of which each case spoils a copy. */
interface Template {
  readonly folder: string;
  readonly port: number;
}

let template: Promise<Template> | undefined;
let runner: CommandRunner | undefined;
const root = mkdtempSync(join(tmpdir(), 'dcmb-bad-input-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));

async function makeTemplate(): Promise<Template> {
  const folder = join(root, 'template');
  const port = await freePorts(3);
  await initPlant({
    folder,
    policyFile: POLICY,
    cadence: { intervalMs: 1000, epochIntervals: 16 },
    host: '127.0.0.1',
    advertisedHost: 'localhost',
    ports: { ingest: port, cleared: port + 1, applications: port + 2 },
    channel: 'press',
  });
  return { folder, port };
}

/**
 * Where all runs of the given cases end: one line (what is wrong, where, the remedy), exit code 2, no secret, no stack.
 * The first case of a subject, and each that needs standard input, is also run as a process of its own.
 */
export function refusesAll(subject: string, cases: readonly BadInput[]): void {
  describe(`${subject}, refused with file, place and remedy`, () => {
    before(async () => {
      template ??= makeTemplate();
      await template;
      runner ??= new CommandRunner();
    });
    cases.forEach((each, index) => {
      const own = each.input !== undefined;
      if (!own) test(each.wrong, () => refuses(each, (args) => runner?.run(args) ?? assert.fail('There is no runner.')));
      if (own || index === 0) test(`${each.wrong} (a process of its own)`, () => refuses(each, (args) => dcmb(args, each.input)));
    });
  });
}

async function refuses(bad: BadInput, run: (args: readonly string[]) => Promise<Run>): Promise<void> {
  const { folder, port } = (await template) ?? assert.fail('There is no plant.');
  const copy = mkdtempSync(join(root, 'case-'));
  cpSync(folder, copy, { recursive: true });
  const plant = new SpoiltPlant(copy, port);
  try {
    assertRefusal(await run(await bad.run(plant)), bad, [...secretsOf(folder), ...secretsOf(copy), MARKER]);
  } finally {
    await plant.close();
  }
}

function assertRefusal({ status, stdout, stderr }: Run, { says }: BadInput, secrets: readonly string[]): void {
  assert.equal(status, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^dcmb: [^\n]{20,500}[.!)"]\n$/, 'one line on standard error');
  assert.doesNotMatch(stderr, /^\s*at |node:internal|\.ts:\d|\.js:\d|undefined|\[object/m, 'no trace of the program itself');
  for (const part of says) {
    if (typeof part === 'string') assert.ok(stderr.includes(part), `${JSON.stringify(part)} is not in ${stderr}`);
    else assert.match(stderr, part);
  }
  assert.ok(secrets.length > 0);
  for (const secret of secrets) assert.ok(!stderr.includes(secret), 'the message repeats a secret');
}
