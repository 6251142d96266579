import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { locked } from '../../src/ledger/fabric/network/lock.ts';

// One of several processes that want a lock at the same moment, milliseconds since 1970. Says how it fared.
const [lock = '', at = ''] = process.argv.slice(2);
while (Date.now() < Number(at));

const inside = `${lock}-inside`;
try {
  await locked(lock, async () => {
    const isAlone = !existsSync(inside);
    writeFileSync(inside, '');
    await pause(30);
    rmSync(inside, { force: true });
    process.stdout.write(isAlone ? 'worked' : 'not alone');
  });
} catch (error) {
  process.stdout.write(String((error as { code?: string }).code));
}
