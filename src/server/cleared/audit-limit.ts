import { isRefusal } from '../audit/refusal-names.ts';
import { AUDITS_A_MINUTE, type ClearedAudit, type MethodName, MOST_UNAUDITED, type Unaudited } from './contract.ts';
import { RateLimit } from '../rate-limit.ts';

type Audited = Pick<ClearedAudit, 'service' | 'user' | 'method' | 'status'>;
type Kind = 'done' | 'absent' | 'refused';

const MINUTE_MS = 60_000;
/** Users with a budget of their own in one minute; further ones share one. */
const MOST_USERS = 16;
/** What these did is told always: how often they can do it is bounded by the batches and epochs that there are. */
const ALWAYS: ReadonlySet<string> = new Set<MethodName>(['Acknowledge', 'FetchDelivery', 'CountersignEpochRecord']);

/**
 * Keeps a client that is refused without end, or a child in wrong hands, from filling the module's log; what is not told by
 * itself is counted, and told as a number when the minute is over. What one user does takes nothing from another, and what
 * was refused or is not there takes nothing from what was done.
 */
export class AuditLimit {
  readonly #tell: (unaudited: Unaudited[]) => void;
  readonly #share: number;
  readonly #tellings: RateLimit;
  readonly #users = new Map<string, Record<Kind, number>>();
  readonly #unaudited = new Map<string, Unaudited>();
  /** How often each method did its work without an audit yet; undefined where audits are believed. */
  readonly #worked: Map<string, number> | undefined;
  #minute = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param share how many times the minute's budget there is: messages of two minutes may arrive in one
   * @param isChecked methods that are told always are so only as often as {@link worked} was called
   */
  constructor(tell: (unaudited: Unaudited[]) => void, { share = 1, isChecked = false } = {}) {
    this.#tell = tell;
    this.#share = share;
    this.#tellings = new RateLimit(share * AUDITS_A_MINUTE.tellings);
    this.#worked = isChecked ? new Map() : undefined;
  }

  /** A method has done its work. */
  worked(method: MethodName): void {
    this.#worked?.set(method, (this.#worked.get(method) ?? 0) + 1);
  }

  /** Whether an audit may be told by itself; where not, it is counted. */
  takes(audit: Audited): boolean {
    if (this.#isAlwaysTold(audit)) return true;
    const kind = kindOf(audit.status);
    if (this.#usedBy(audit.user)[kind]++ < this.#share * AUDITS_A_MINUTE[kind]) return true;
    this.#count(audit);
    return false;
  }

  /** Whether sums may be told. */
  takesTelling(): boolean {
    return this.#tellings.take();
  }

  /** Tells what was counted, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const unaudited = [...this.#unaudited.values()];
    this.#unaudited.clear();
    if (unaudited.length > 0) this.#tell(unaudited);
  }

  #isAlwaysTold({ method, status }: Audited): boolean {
    if (status !== 'Good' || !ALWAYS.has(method)) return false;
    if (this.#worked === undefined) return true;
    const times = this.#worked.get(method) ?? 0;
    if (times > 0) this.#worked.set(method, times - 1);
    return times > 0;
  }

  #usedBy(user: string): Record<Kind, number> {
    const minute = Math.floor(Date.now() / MINUTE_MS);
    if (minute !== this.#minute) this.#users.clear();
    this.#minute = minute;
    const known = this.#users.has(user) || this.#users.size < MOST_USERS ? user : '';
    const used = this.#users.get(known) ?? { done: 0, absent: 0, refused: 0 };
    this.#users.set(known, used);
    return used;
  }

  #count({ service, user, method, status }: Audited): void {
    const key = JSON.stringify([service, user, method, status]);
    const isFull = this.#unaudited.size >= MOST_UNAUDITED - 1 && !this.#unaudited.has(key);
    const entry = isFull ? { service, user: '', method: '' as const, status: 'Bad' as const } : { service, user, method, status };
    const at = isFull ? '' : key;
    this.#unaudited.set(at, { ...entry, count: (this.#unaudited.get(at)?.count ?? 0) + 1 });
    this.#timer ??= setTimeout(() => this.flush(), MINUTE_MS - (Date.now() % MINUTE_MS)).unref();
  }
}

function kindOf(status: string): Kind {
  if (isRefusal(status)) return 'refused';
  return status === 'Good' ? 'done' : 'absent';
}
