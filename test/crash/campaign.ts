import { pause } from '../support/pause.ts';
import type { CrashPlant } from './crash-plant.ts';
import { killOrders, killPoints, type Role } from './kill-plan.ts';
import { type KillOrder, pointName } from './kill-order.ts';
import type { ModuleMessage } from './module-process.ts';
import { type LifeEnd, ModuleRunner } from './module-runner.ts';
import type { PlantedError } from './planted-errors.ts';
import type { SeededRandom } from './random.ts';

export interface CampaignOptions {
  readonly kills: number;
  readonly untilMs: number;
  readonly plantedError?: PlantedError;
  readonly say: (line: string) => void;
}

/** What the kills of a campaign were. */
export interface CampaignCounts {
  readonly kills: number;
  readonly killsOf: Readonly<Record<'owner' | 'cleared' | 'receiver', number>>;
  readonly atSteps: number;
  readonly atMoments: number;
  /** Places at which a module killed itself, and those at which none did. */
  readonly stepsReached: number;
  readonly stepsNotReached: readonly string[];
  /** Modules that ended by themselves. */
  readonly unexpectedEnds: readonly string[];
  /** Findings that the modules told, by module and code. */
  readonly findings: Readonly<Record<string, number>>;
  readonly lateToSettle: boolean;
}

/** How often one module is killed before it is the other one's turn. */
const KILLS_A_TURN = 10;
/** How often each is killed while both are. */
const KILLS_BESIDE = 4;
const MOST_UNEXPECTED = 20;
const SETTLE_MS = 180_000;
const STOP_MS = 60_000;

/** Kills both modules again and again, each by its own plan, and ends with a stop in good order. */
export class Campaign {
  readonly #plant: CrashPlant;
  readonly #options: CampaignOptions;
  readonly #orders: Readonly<Record<Role, ReturnType<typeof killOrders>>>;
  readonly #killsOf = { owner: 0, cleared: 0, receiver: 0 };
  readonly #reached = new Map<string, number>();
  readonly #unexpected: string[] = [];
  readonly #findings: Record<string, number> = {};
  #atMoments = 0;

  constructor(plant: CrashPlant, random: SeededRandom, options: CampaignOptions) {
    this.#plant = plant;
    this.#orders = { owner: killOrders('owner', random), receiver: killOrders('receiver', random) };
    this.#options = options;
  }

  /**
   * One module is killed a few times while the other one runs: only so does it come to the steps that need both. Then the
   * other one, then both beside each other.
   */
  async kill(): Promise<void> {
    for (let turn = 0; !this.#isEnough; turn++) {
      const [role, others] = turn % 3 === 0 ? (['owner', 'receiver'] as const) : (['receiver', 'owner'] as const);
      if (turn % 3 === 2) await Promise.all([this.#killSome(role, KILLS_BESIDE), this.#killSome(others, KILLS_BESIDE)]);
      else await this.#besides(others, () => this.#killSome(role, KILLS_A_TURN));
    }
  }

  /** Lets both modules finish what there is, and stops them. @param whenRunning called once nothing can be killed any more */
  async finish(whenRunning: () => Promise<void>): Promise<CampaignCounts> {
    const owner = this.#start('owner');
    const receiver = this.#start('receiver');
    await this.#waitFor(() => (owner.running && receiver.running) || owner.why !== undefined || receiver.why !== undefined);
    await whenRunning();
    const isSettled = await this.#settle(owner, receiver);
    for (const { why } of [owner, receiver]) if (why !== undefined) this.#unexpected.push(why);
    const ends = [await owner.stop(STOP_MS), await receiver.stop(STOP_MS)];
    if (ends.includes(false)) this.#unexpected.push('A module did not end when it was stopped.');
    return this.#countsAtEnd(!isSettled);
  }

  get #kills(): number {
    return this.#killsOf.owner + this.#killsOf.cleared + this.#killsOf.receiver;
  }

  /** Lets a module run while something is done, and then kills it at that moment. */
  async #besides(role: Role, work: () => Promise<void>): Promise<void> {
    const runner = this.#start(role);
    await work();
    this.#count(role, 'moment', runner.why === undefined ? { kills: await runner.kill() } : { kills: 0, unexpected: runner.why });
  }

  async #killSome(role: Role, times: number): Promise<void> {
    for (let count = 0; count < times && !this.#isEnough; count++) {
      const order = this.#orders[role].next().value;
      const end = await this.#start(role, order).until(order);
      this.#count(role, order.kind === 'step' ? pointName(order.point) : order.kind, end);
    }
  }

  get #isEnough(): boolean {
    return this.#kills >= this.#options.kills || Date.now() >= this.#options.untilMs || this.#unexpected.length >= MOST_UNEXPECTED;
  }

  #count(role: Role, wanted: string, { kills, reached, unexpected }: LifeEnd): void {
    this.#killsOf[role] += Math.min(1, kills);
    this.#killsOf.cleared += Math.max(0, kills - 1);
    // What is killed beside a module that reached its step is killed at whatever moment that was.
    this.#atMoments += reached === undefined ? kills : Math.max(0, kills - 1);
    if (reached !== undefined) this.#reached.set(`${role}: ${reached}`, (this.#reached.get(`${role}: ${reached}`) ?? 0) + 1);
    if (unexpected !== undefined) this.#unexpected.push(`${role}, to be killed ${wanted}: ${unexpected}`);
    this.#options.say(
      `${this.#kills} kills; ${role} ${wanted}: ${unexpected ?? (reached === undefined ? 'killed from outside' : 'reached')}`,
    );
  }

  #start(role: Role, order?: KillOrder): ModuleRunner {
    const { ownerFile, manufacturerFile, traceFile } = this.#plant;
    const { plantedError } = this.#options;
    return new ModuleRunner(
      {
        role,
        configFile: role === 'owner' ? ownerFile : manufacturerFile,
        traceFile,
        ...(order === undefined ? {} : { order }),
        ...(plantedError === undefined ? {} : { plantedError }),
      },
      (message) => this.#hear(role, message),
    );
  }

  #hear(role: Role, { event }: Extract<ModuleMessage, { kind: 'event' }>): void {
    if (event.event !== 'finding' && event.event !== 'failed') return;
    const name = event.event === 'finding' ? `${role} ${event.code}` : `${role} failed: ${event.message}`;
    this.#findings[name] = (this.#findings[name] ?? 0) + 1;
    this.#options.say(`${role}: ${event.event} ${event.message}`);
  }

  async #settle(owner: ModuleRunner, receiver: ModuleRunner): Promise<boolean> {
    const limit = Date.now() + SETTLE_MS;
    while (Date.now() < limit && owner.why === undefined && receiver.why === undefined) {
      const [counts, others] = [await owner.counts(), await receiver.counts()];
      const { sealed = -1, anchored = 0, receipted = 0 } = counts;
      // The owner goes on meanwhile: what came in the last moments has its turn at the stop.
      if (sealed - Math.min(anchored, receipted, others['acknowledged'] ?? 0) <= 2) return true;
      await pause(500);
    }
    return false;
  }

  async #waitFor(holds: () => boolean): Promise<void> {
    for (const limit = Date.now() + SETTLE_MS; !holds() && Date.now() < limit;) await pause(50);
  }

  #countsAtEnd(lateToSettle: boolean): CampaignCounts {
    const wanted = (['owner', 'receiver'] as const).flatMap((role) => killPoints(role).map((point) => `${role}: ${pointName(point)}`));
    const reached = [...this.#reached].filter(([name]) => wanted.includes(name));
    return {
      kills: this.#kills,
      killsOf: this.#killsOf,
      atSteps: [...this.#reached.values()].reduce((sum, count) => sum + count, 0),
      atMoments: this.#atMoments,
      stepsReached: reached.length,
      stepsNotReached: wanted.filter((name) => !this.#reached.has(name)),
      unexpectedEnds: this.#unexpected,
      findings: this.#findings,
      lateToSettle,
    };
  }
}
