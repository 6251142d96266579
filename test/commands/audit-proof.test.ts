import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeProof } from '../../src/audit/index.ts';
import { ChannelBench, otherHash } from '../contract/fixture.ts';
import { testChannel } from '../support/ledger-network.ts';
import { CommandRunner, temporaryFolder } from '../cli/program.ts';

describe('dcmb audit proof', () => {
  test('says who is convicted of what, and ends with 0, 1 or 2', async (t) => {
    const runner = new CommandRunner();
    const folder = temporaryFolder(t);
    const bench = await ChannelBench.open();
    const channel = (await testChannel(bench.ledgerId, bench.params)).body.document;
    const [a, b] = [await bench.seal({ n: 0, interval: 0 }), await bench.seal({ n: 0, interval: 0, codes: [2, 2] })];
    const file = (name: string, bytes: Uint8Array): string => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    };
    const sound = file('sound.json', writeProof({ channel, body: { kind: 'fork', header: a.header, other: b.header } }));
    const empty = file('empty.json', writeProof({ channel, body: { kind: 'fork', header: a.header, other: a.header } }));
    const broken = file('broken.json', new Uint8Array([123, 10]));

    const holds = await runner.run(['audit', 'proof', sound, '--ledger', bench.ledgerId, '--channel', bench.channel]);
    assert.deepEqual([holds.status, holds.stderr], [0, '']);
    assert.match(holds.stdout, /Convicts the owner, organisation "owner": it signed two different headers/);
    const json = JSON.parse((await runner.run(['audit', 'proof', sound, '--json'])).stdout) as {
      holds: boolean;
      convicted: { party: string };
    };
    assert.deepEqual([json.holds, json.convicted.party], [true, 'owner']);

    const other = await runner.run(['audit', 'proof', sound, '--channel', otherHash(bench.channel)]);
    assert.equal(other.status, 1);
    const fails = await runner.run(['audit', 'proof', empty]);
    assert.equal(fails.status, 1);
    assert.match(fails.stdout, /Convicts nobody: The proof does not hold: both envelopes hold the same header\./);
    const unreadable = await runner.run(['audit', 'proof', broken]);
    assert.equal(unreadable.status, 2);
    assert.match(unreadable.stderr, /^dcmb: .*broken\.json: The file cannot be read as a proof: /);
  });
});
