import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };
import { PasswordCheck } from '../../src/server/index.ts';
import { DCMB, dcmb } from './program.ts';

const COMMANDS: readonly (readonly string[])[] = [
  ['demo'],
  ['doctor'],
  ['ledger'],
  ['ledger', 'create'],
  ['ledger', 'show'],
  ['init'],
  ['serve'],
  ['receive'],
  ['receive', 'actions'],
  ['replay'],
  ['trust'],
  ['trust', 'list'],
  ['trust', 'show'],
  ['trust', 'add'],
  ['trust', 'remove'],
  ['trust', 'authority'],
  ['trust', 'crl'],
  ['trust', 'renew'],
  ['audit'],
  ['audit', 'export'],
  ['audit', 'verify'],
  ['audit', 'accuse'],
  ['audit', 'proof'],
  ['store'],
  ['store', 'sizes'],
  ['store', 'check'],
  ['store', 'compact'],
  ['store', 'backup'],
  ['store', 'restore'],
  ['policy'],
  ['policy', 'check'],
  ['conformance'],
  ['nodeset'],
  ['nodeset', 'export'],
  ['password'],
];

describe('help', { concurrency: 2 }, () => {
  test('dcmb --help names every command and what it does', async () => {
    const { status, stdout, stderr } = await dcmb(['--help']);
    assert.deepEqual([status, stderr], [0, '']);
    for (const [command] of COMMANDS) assert.match(stdout, new RegExp(`^ {2}${command} .*[a-z]{3}`, 'm'));
  });

  for (const command of COMMANDS) {
    test(`dcmb ${command.join(' ')} --help tells its usage`, async () => {
      const { status, stdout, stderr } = await dcmb([...command, '--help']);
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: dcmb ${command.join(' ')}`));
      assert.doesNotMatch(stdout, /with-parent|undefined/);
      assert.deepEqual(
        stdout.split('\n').filter((line) => line.length > 80),
        [],
      );
    });
  }

  for (const command of [[], ['audit'], ['trust'], ['store'], ['policy']]) {
    test(`dcmb ${command.join(' ')} without a command shows the commands on standard error, exit code 2`, async () => {
      const { status, stdout, stderr } = await dcmb(command);
      assert.deepEqual([status, stdout], [2, '']);
      assert.match(stderr, /^Usage: dcmb .*\n[^]*Commands:/);
    });
  }

  test('dcmb --help loads nothing of what commands work with: whoever asks for help gets it at once', async () => {
    const tell =
      'import { registerHooks } from "node:module"; import { writeSync } from "node:fs"; registerHooks({ load: (url, context, next) => { writeSync(2, url + "\\n"); return next(url, context); } });';
    const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(tell)}`, DCMB, '--help'], {
      stdio: 'pipe',
    });
    const [loaded, stdout] = await Promise.all([text(child.stderr), text(child.stdout)]);
    assert.match(stdout, /^Usage: dcmb/);
    assert.match(loaded, /src\/cli\/program\.ts/);
    assert.deepEqual(
      loaded.split('\n').filter((url) => url.includes('/src/') && !url.includes('/src/cli/')),
      [],
    );
    assert.deepEqual(
      loaded.split('\n').filter((url) => url.includes('/node_modules/') && !url.includes('/node_modules/commander/')),
      [],
    );
  });

  test('dcmb --version is that of the package', async () => {
    assert.deepEqual(await dcmb(['--version']), { status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });
});

test('dcmb password prints an Argon2id hash that the servers accept, and nothing of the password', async () => {
  const password = 'correct horse 17';
  const { status, stdout, stderr } = await dcmb(['password'], `${password}\n`);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^\$argon2id\$[^\n]+\n$/);
  assert.ok(!stdout.includes(password));
  const check = new PasswordCheck(new Map([['user', stdout.trim()]]));
  assert.equal(await check.verify('user', password, 'app'), true);
  assert.equal(await check.verify('user', `${password}\n`, 'app'), false);
});
