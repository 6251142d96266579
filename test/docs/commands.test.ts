import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dcmb } from '../cli/program.ts';
import { pages } from './markdown.ts';

interface Mention {
  readonly page: string;
  /** One for each alternative: `trust list|show CONFIG` names two commands. */
  readonly commands: readonly (readonly string[])[];
  readonly options: readonly string[];
  readonly text: string;
}

/** `dcmb …` in code, as a person would type it; `dcmb.json` and such are none. */
const COMMAND = /(?<![\w/.@:-])dcmb ([a-z]+)(?: ([a-z]+(?:\\?\|[a-z]+)*)(?![\w./]))?(.*)$/;
const GROUPS = new Set(['trust', 'audit', 'policy', 'store', 'receive', 'ledger', 'fabric', 'nodeset', 'tags']);
/** Of a command that runs by itself too. */
const SECOND_OF: Readonly<Record<string, string>> = { receive: 'actions' };

function mentions(): Mention[] {
  return pages().flatMap(({ path, code }) =>
    code.flatMap((text) => {
      const [, command, second, rest = ''] = COMMAND.exec(text.replace(/\s#.*$/, '')) ?? [];
      if (command === undefined) return [];
      const seconds = second !== undefined && (GROUPS.has(command) || SECOND_OF[command] === second) ? second.split(/\\?\|/) : [];
      const commands = seconds.length === 0 ? [[command]] : seconds.map((each) => [command, each]);
      const options = [...rest.matchAll(/(?<![\w-])--[a-z-]+/g)].map(([option]) => option);
      return [{ page: path, commands, options, text }];
    }),
  );
}

describe('commands that pages name', () => {
  test('are commands of the program, with options that they have', async () => {
    const found = mentions();
    assert.ok(found.length > 20);
    const wrong: string[] = [];
    const helps = new Map<string, Promise<{ status: number | null; stdout: string }>>();
    for (const { page, commands, options, text } of found) {
      for (const command of commands) {
        const name = command.join(' ');
        const help = helps.get(name) ?? dcmb([...command, '--help']);
        helps.set(name, help);
        const { status, stdout } = await help;
        if (status !== 0 || !stdout.startsWith(`Usage: dcmb ${name} `)) wrong.push(`${page}: there is no dcmb ${name}`);
        for (const option of options) if (!hasOption(stdout, option)) wrong.push(`${page}: ${option} is no option of ${text}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
});

function hasOption(help: string, option: string): boolean {
  return new RegExp(`^ +(-\\w, )?${option}\\b`, 'm').test(help);
}
