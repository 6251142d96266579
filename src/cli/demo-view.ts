import { join } from 'node:path';
import { styleText } from 'node:util';
import type { ModuleEvent, Plant } from '../app/index.ts';
import { eventLine } from './event-lines.ts';
import { PROGRAM, spokenPath } from './spoken-paths.ts';

type Sealed = Extract<ModuleEvent, { event: 'sealed' }>;
type Anchored = Extract<ModuleEvent, { event: 'anchored' }>;
type Received = Extract<ModuleEvent, { event: 'received' }>;

interface BatchStory {
  sealed?: Sealed;
  anchored?: Anchored;
  received?: Received;
  receipted?: true;
}

/** Events that are part of every batch's story, told in its block and not one by one. */
const IN_STORY: ReadonlySet<string> = new Set(['sealed', 'cleared', 'anchored', 'delivered', 'received', 'receipted', 'acknowledged']);
const ALWAYS: ReadonlySet<string> = new Set(['finding', 'warning', 'action']);

/** What the three sides see of each batch, one beside the other. */
export class DemoView {
  readonly #print: (line: string) => void;
  readonly #stories = new Map<number, BatchStory>();
  /** Text that each stream showed last. */
  readonly #last = new Map<string, string>();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  introduce(plant: Plant, endpoints: { readonly ingest: string; readonly cleared: string; readonly receiver: string }): void {
    const { streams } = plant;
    const { operator, manufacturer, viewer, plc } = plant.logins;
    const config = join(plant.owner, 'dcmb.json');
    const at = spokenPath(config);
    const lines = [
      '',
      styleText('bold', 'Running. OPC UA endpoints (SignAndEncrypt):'),
      `  ingest    ${endpoints.ingest}   owner's side: user ${operator.name} / ${operator.password} (Operator), ${plc.name} / ${plc.password} (Plc)`,
      `  cleared   ${endpoints.cleared}   what the manufacturer sees: user ${manufacturer.name} / ${manufacturer.password}`,
      `  receiver  ${endpoints.receiver}   the manufacturer's own server: user ${viewer.name} / ${viewer.password}`,
      '',
      styleText('bold', 'To look with UaExpert:'),
      '  1. Add a server with one of the URLs, security Basic256Sha256 - Sign & Encrypt, and the user beside it.',
      '  2. Trust the server certificate that UaExpert shows. The first connect is refused: the server does not know UaExpert yet.',
      `  3. Let it in: ${PROGRAM} trust list ${at}, then ${PROGRAM} trust add ${at} THUMBPRINT (receiver: the manufacturer's dcmb.json).`,
      '  4. Connect again and browse Objects: Machines on the ingest side, the channel on the others.',
      '',
      styleText('bold', 'What happens now:'),
      '  A simulated PLC writes sensor values of real turbofan engines, ten flight cycles a second. Each second is an interval.',
      `  The manufacturer's three conditions are: ${streams.join(' | ')}. A stranger is anybody who reads the ledger.`,
      '  Stop with Ctrl-C.',
      '',
    ];
    for (const line of lines) this.#print(line);
  }

  fromOwner(event: ModuleEvent): void {
    this.#other('owner', event);
    if (event.event === 'sealed') this.#story(event.n).sealed = event;
    if (event.event === 'anchored') this.#story(event.n).anchored = event;
    if (event.event === 'receipted') this.#story(event.n).receipted = true;
    if ('n' in event) this.#tell(event.n);
  }

  fromManufacturer(event: ModuleEvent): void {
    this.#other('manufacturer', event);
    if (event.event !== 'received') return;
    this.#story(event.n).received = event;
    this.#tell(event.n);
  }

  #story(n: number): BatchStory {
    const known = this.#stories.get(n);
    if (known !== undefined) return known;
    const story: BatchStory = {};
    this.#stories.set(n, story);
    return story;
  }

  #tell(n: number): void {
    const { sealed, anchored, received, receipted } = this.#stories.get(n) ?? {};
    if (sealed === undefined || anchored === undefined || received === undefined || receipted !== true) return;
    this.#stories.delete(n);
    const refused = sealed.refused > 0 ? `, ${sealed.refused} refused` : '';
    const cleared = sealed.row > 0 ? 'batch called for' : 'conditions cleared';
    const tokens = anchored.tokens.map((token) => `${token.slice(0, 8)}…`).join(' ');
    const marks = anchored.marks.length > 0 ? `, ${anchored.marks.join(' ')}` : '';
    this.#print(styleText('bold', `Batch ${n}, interval ${sealed.interval}`));
    this.#print(`  ${styleText('cyan', 'owner       ')}  ${sealed.readings} readings taken${refused}; ${cleared}, batch sealed`);
    this.#print(`  ${styleText('green', 'manufacturer')}  ${this.#seen(received)}; receipt given`);
    this.#print(
      styleText('dim', `  a stranger    block ${anchored.block}: header ${anchored.header.slice(0, 8)}…, tokens ${tokens}${marks}`),
    );
  }

  /** The manufacturer's conditions; what changed since the batch before stands out. */
  #seen({ conditions }: Received): string {
    if (conditions.length === 0) return 'a batch was called for, nothing else';
    return conditions
      .map(({ stream, text }) => {
        const changed = this.#last.has(stream) && this.#last.get(stream) !== text.en;
        this.#last.set(stream, text.en);
        return changed ? styleText(['bold', 'yellow'], `→ ${text.en}`) : text.en;
      })
      .join(' | ');
  }

  #other(side: string, event: ModuleEvent): void {
    if (IN_STORY.has(event.event)) return;
    if (ALWAYS.has(event.event)) this.#print(styleText('yellow', `  ${side}: ${eventLine(event)}`));
  }
}
