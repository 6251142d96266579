import { fileURLToPath } from 'node:url';

const built = (path: string): string => fileURLToPath(new URL(`../../.interop/${path}`, import.meta.url));
const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What a stack may be without; every check that needs it is then shown to fail with that stack. */
export type Capability = 'alarms' | 'events';

export interface Stack {
  readonly name: string;
  readonly version: string;
  /** Program and arguments. `node scripts/interop-clients.ts` builds what it needs. */
  readonly command: readonly [string, ...string[]];
  /** What this version cannot do, with the reason. */
  readonly lacks: Partial<Record<Capability, string>>;
}

/** The stacks that the suite runs, none of which shares code with another or with ours. */
export const STACKS: readonly Stack[] = [
  {
    name: 'Python asyncua',
    version: '2.1.0',
    command: [built('asyncua/bin/python'), source('asyncua/client.py')],
    lacks: {},
  },
  { name: 'Go gopcua', version: '0.8.0', command: [built('gopcua/client')], lacks: {} },
  {
    name: 'Java Eclipse Milo',
    version: '1.1.2',
    command: ['java', '-cp', `${built('milo/classes')}:${built('milo/lib')}/*`, 'Client'],
    lacks: {},
  },
  { name: 'Rust async-opcua', version: '0.19.0', command: [built('async-opcua/release/interop-client')], lacks: {} },
];
