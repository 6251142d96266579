import { type Secret, SECRETS } from './canaries.ts';
import { MOVING } from './busy.ts';
import { OUTSIDERS } from './outsiders.ts';
import { DETECTORS, type Service, SERVICES, type ServiceName } from './services.ts';
import { SWITCHES } from './switches.ts';

/** Ways to answer that are no service of their own: they are looked at in the answers of all others. */
export const NOT_BY_REQUEST: ReadonlySet<ServiceName> = new Set(['DiagnosticInfo', 'Logs', 'Timestamps', 'Sizes', 'Timing']);

const MATRIX_TEST = 'matrix.test.ts';
const SWITCH_TEST = 'switches.test.ts';

/** Which detectors see which secret. Secrets without bytes of their own are seen by what differs. */
const SEEN_BY: Readonly<Record<Secret, readonly (keyof typeof DETECTORS)[]>> = {
  values: ['canary', 'status', 'notification'],
  writeTimes: ['canary', 'notification', 'busy', 'ids'],
  writeCounts: ['status', 'busy', 'ids'],
  readingCounts: ['status', 'busy'],
  thresholds: ['canary'],
  tags: ['canary', 'twin'],
  users: ['canary', 'status', 'twin'],
  otherChannel: ['canary'],
};
const LETTERS: Readonly<Record<keyof typeof DETECTORS, string>> = {
  canary: 'C',
  status: 'S',
  twin: 'T',
  notification: 'N',
  busy: 'B',
  ids: 'I',
  login: 'L',
};

/** docs/leak-matrix.md, whole. */
export function matrixDocument(): string {
  return `${[head(), matrix(), closed(), outsiders(), moving(), switches(), limits()].join('\n\n')}\n`;
}

function head(): string {
  return `# The leak matrix

<!-- Written by \`npm run docs:leaks\` from the tables of test/leaks. -->

What a client must not learn, and every way in which a server could tell it. \`npm run test:leaks\` starts a real plant,
lets a PLC write values that nobody writes elsewhere (canaries) all the time, connects as everybody who could ask, and
sends every request of the tables, each to whoever is denied something. It keeps every byte that comes back: raw, decrypted
and decoded. \`npm run test:leaks -- --json\` ends with a line that counts requests, answers and leaks.

The secrets:

| secret | what it is |
|---|---|
${(Object.entries(SECRETS) as [Secret, string][]).map(([name, what]) => `| ${name} | ${what} |`).join('\n')}

How each is looked for:

| | detector: a leak is |
|---|---|
${(Object.entries(DETECTORS) as [keyof typeof DETECTORS, string][]).map(([name, what]) => `| ${LETTERS[name]} | ${what} |`).join('\n')}

Canaries are looked for as UTF-8, UTF-16 (both orders), lower and upper case, percent-encoded, in hexadecimal digits, and in
base64 and base64url at each of three offsets; numbers as Double, Float and integers of 32 and 64 bits in both byte orders, as
decimal texts in five spellings, and as decoded numbers; times as DateTime, in ms, and as ISO 8601. A form shorter than eight
bytes is looked for in decoded values only: in ciphertext and hashes it would stand by chance.`;
}

function matrix(): string {
  const secrets = Object.keys(SECRETS) as Secret[];
  const rows = (Object.entries(SERVICES) as [ServiceName, Service][]).map(([name, { detectors }]) => {
    const cells = secrets.map((secret) => {
      const letters = SEEN_BY[secret].filter((detector) => detectors.includes(detector)).map((detector) => LETTERS[detector]);
      return letters.length === 0 ? '–' : letters.join(' ');
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  return `## Services and secrets

Each cell names the detectors that look for the secret in the answers of the service.

| | ${secrets.join(' | ')} |
|---|${secrets.map(() => '---|').join('')}
${rows.join('\n')}`;
}

function closed(): string {
  const rows = (Object.entries(SERVICES) as [ServiceName, Service][]).map(([name, { clause, closed: how }]) => {
    const where = NOT_BY_REQUEST.has(name) ? `${MATRIX_TEST}, in every answer` : `${MATRIX_TEST}: ${name} was asked`;
    return `| ${name} | ${clause === '' ? '–' : clause} | ${how} | ${where} |`;
  });
  return `## How each is closed

| way to answer | OPC UA | how it is closed | test |
|---|---|---|---|
${rows.join('\n')}`;
}

function outsiders(): string {
  const rows = OUTSIDERS.map(
    ({ name, refusal }) => `| ${name} | ${refusal.filter((each) => each !== 'BadServiceUnsupported').join(', ')} |`,
  );
  return `## Without a session of one's own

Every service is asked in each of these situations; discovery (GetEndpoints, FindServers) is open.

| situation | answer |
|---|---|
${rows.join('\n')}`;
}

function moving(): string {
  return `## What moves by itself

These variables change with the grid, the ledger or the clock, whatever is written. All others that a denied role can read must
show the same while a PLC writes nothing and while it writes much: ${[...MOVING].map((name) => `\`${name}\``).join(', ')}.`;
}

function switches(): string {
  const rows = SWITCHES.map(({ leak, part, found }) => `| ${leak} | ${part} | ${LETTERS[found.detector]} in ${found.service} |`);
  return `## Leaks put back

A detector that was never seen to fire proves nothing. Each of these is put back into a server by test code alone, and found by
the same probes and detectors (\`${SWITCH_TEST}\`):

| leak | probes | found by |
|---|---|---|
${rows.join('\n')}`;
}

function limits(): string {
  return `## What is left

- A PLC and an operator see what their work needs: tags, and for operators how writing goes. Their rows are about the rest.
- The times at which answers arrive are compared statistically, with what remains stated: see [non-interference](non-interference.md).
- Traffic shows that a condition changed, unless the client monitors with StatusValueTimestamp: see [the cleared server](cleared-server.md).`;
}
