import type { ModuleEvent } from '../app/index.ts';

export interface DemoSummary {
  readonly readings: number;
  readonly intervals: number;
  /** Counts by stream and condition code, as the manufacturer verified them. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly batches: { readonly sealed: number; readonly anchored: number; readonly receipted: number };
  readonly audit: Readonly<Record<string, number>>;
  readonly ledger: { readonly kind: 'embedded' | 'fabric'; readonly id: string };
  readonly endpoints: { readonly ingest: string; readonly cleared: string; readonly receiver: string };
  readonly export: string;
}

/** Counts what the modules tell, one event at a time. Nothing in the summary comes from anywhere else. */
export class DemoRecord {
  #readings = 0;
  #intervals = 0;
  readonly #conditions: Record<string, Record<string, number>> = {};
  readonly #sealed = new Set<number>();
  readonly #anchored = new Set<number>();
  readonly #receipted = new Set<number>();
  readonly #endpoints = { ingest: '', cleared: '', receiver: '' };
  #isRunning = false;
  #tellRunning: () => void = () => undefined;
  /** Resolves when the owner's module clears. */
  readonly running: Promise<void> = new Promise((resolve) => (this.#tellRunning = resolve));

  /** Whether the owner's module clears. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  get endpoints(): DemoSummary['endpoints'] {
    return { ...this.#endpoints };
  }

  fromOwner(event: ModuleEvent): void {
    if (event.event === 'started') Object.assign(this.#endpoints, event.endpoints);
    if (event.event === 'running') {
      this.#isRunning = true;
      this.#tellRunning();
    }
    if (event.event === 'sealed') {
      this.#sealed.add(event.n);
      this.#readings += event.readings;
      if (event.row === 0) this.#intervals++;
    }
    if (event.event === 'anchored') this.#anchored.add(event.n);
    if (event.event === 'receipted') this.#receipted.add(event.n);
  }

  fromManufacturer(event: ModuleEvent): void {
    if (event.event === 'started') Object.assign(this.#endpoints, event.endpoints);
    if (event.event !== 'received' || event.via !== 'delivery') return;
    for (const { stream, code } of event.conditions) {
      const counts = (this.#conditions[stream] ??= {});
      counts[String(code)] = (counts[String(code)] ?? 0) + 1;
    }
  }

  summary(audit: Readonly<Record<string, number>>, exported: string, ledger: DemoSummary['ledger']): DemoSummary {
    return {
      readings: this.#readings,
      intervals: this.#intervals,
      conditions: this.#conditions,
      batches: { sealed: this.#sealed.size, anchored: this.#anchored.size, receipted: this.#receipted.size },
      audit,
      ledger,
      endpoints: this.endpoints,
      export: exported,
    };
  }
}
