import { join } from 'node:path';
import { styleText } from 'node:util';
import type { ModuleEvent, Plant } from '../app/index.ts';
import type { DemoSummary } from './demo-record.ts';
import { eventLine } from './event-lines.ts';
import { spokenPath } from './spoken-paths.ts';

type Sealed = Extract<ModuleEvent, { event: 'sealed' }>;
type Anchored = Extract<ModuleEvent, { event: 'anchored' }>;
type Received = Extract<ModuleEvent, { event: 'received' }>;

type Endpoints = DemoSummary['endpoints'];

/** Batches between two reminders of the servers' URLs. */
const REMIND_EVERY = 15;

interface BatchStory {
  sealed?: Sealed;
  anchored?: Anchored;
  received?: Received;
  receipted?: true;
}

/** Events that are told whenever they come; the others are part of the batches' stories. */
const ALWAYS: ReadonlySet<string> = new Set(['finding', 'warning', 'action', 'stranger', 'failed']);

/** What the three sides see of each batch, one beside the other. */
export class DemoView {
  readonly #print: (line: string) => void;
  readonly #stories = new Map<number, BatchStory>();
  #plant: Plant | undefined;
  #endpoints: Endpoints | undefined;
  #told = 0;
  /** Text that each stream showed last. */
  readonly #last = new Map<string, string>();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Where to connect and what is going to be shown. */
  introduce(plant: Plant, endpoints: Endpoints): void {
    this.#plant = plant;
    this.#endpoints = endpoints;
    const { operator, manufacturer, viewer, plc } = plant.logins;
    const heading = (text: string): string => styleText('bold', text);
    const lines = [
      '',
      heading('OPC UA servers (SignAndEncrypt), user and password'),
      `  ingest    ${endpoints.ingest}   what the owner's PLCs and operators see`,
      `            ${operator.name}  ${operator.password}`,
      `            ${plc.name}  ${plc.password}`,
      `  cleared   ${endpoints.cleared}   what the manufacturer sees`,
      `            ${manufacturer.name}  ${manufacturer.password}`,
      `  receiver  ${endpoints.receiver}   the manufacturer's own server, for its applications`,
      `            ${viewer.name}  ${viewer.password}`,
      '',
      heading('To look with UaExpert'),
      '  1. Add a server by its URL, Basic256Sha256 - Sign & Encrypt, with a user from above.',
      '  2. Connect, and trust the server certificate that UaExpert shows.',
      '     The server refuses UaExpert this first time: it does not know it yet.',
      '  3. A line appears here with the command that lets it in. Run it in another terminal.',
      '  4. Connect again. Browse Objects/Machines.',
      '',
      heading('What happens now'),
      '  A simulated PLC writes sensor values of real turbofan engines, ten flight cycles a',
      '  second, one engine after the other. At the end of each interval the readings are',
      '  cleared to conditions, sealed as a batch, anchored on the ledger, and receipted.',
      `  The manufacturer sees: ${plant.streams.join(' | ')}.`,
      '  A stranger who reads the ledger sees fingerprints only, different ones each time.',
      `  Everything is in ${plant.folder}; delete it when you are done.`,
      '  Stop with Ctrl-C.',
      '',
    ];
    for (const line of lines) this.#print(line);
  }

  fromOwner(event: ModuleEvent): void {
    this.#other('owner', event, this.#plant?.owner);
    if (event.event === 'sealed') this.#story(event.n).sealed = event;
    if (event.event === 'anchored') this.#story(event.n).anchored = event;
    if (event.event === 'receipted') this.#story(event.n).receipted = true;
    if ('n' in event) this.#tell(event.n);
  }

  fromManufacturer(event: ModuleEvent): void {
    this.#other('manufacturer', event, this.#plant?.manufacturer);
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
    this.#remind();
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

  /** The servers' URLs have scrolled away by now. */
  #remind(): void {
    if (this.#endpoints === undefined || this.#told++ % REMIND_EVERY !== REMIND_EVERY - 1) return;
    const { ingest, cleared, receiver } = this.#endpoints;
    this.#print(`ingest ${ingest}  cleared ${cleared}  receiver ${receiver}  users: passwords.txt in the folders`);
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

  #other(side: string, event: ModuleEvent, folder: string | undefined): void {
    if (!ALWAYS.has(event.event)) return;
    const config = folder === undefined ? 'CONFIG' : spokenPath(join(folder, 'dcmb.json'));
    this.#print(styleText('yellow', `  ${side}: ${eventLine(event, config)}`));
  }
}
