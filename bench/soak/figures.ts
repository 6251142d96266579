/** What one process looked like at one moment. Absent figures could not be had, such as descriptors where there is no /proc. */
export interface ProcessSample {
  readonly rssMb: number;
  /** Heap in use after a full collection. */
  readonly heapMb?: number;
  readonly descriptors?: number;
  /** CPU time since its start, seconds. */
  readonly cpuSeconds?: number;
  /** Event loop delay since the sample before, ms. */
  readonly loopP99Ms?: number;
  readonly loopMaxMs?: number;
}

/** All that was seen at one moment. */
export interface Sample {
  /** Since the load began. */
  readonly seconds: number;
  readonly processes: Readonly<Record<string, ProcessSample>>;
  /** Bytes of each store, journal and ledger file with what lies beside it. */
  readonly files: Readonly<Record<string, number>>;
}

/** Slope of the line through the points that has the least squared error, per unit of x. NaN where that is no line. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const along = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const across = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return across === 0 ? Number.NaN : along / across;
}

/** Part of the run that counts as warming up: caches fill, code is compiled, the heap finds its size. */
const WARM_UP = 0.25;

/** One figure over the run, and how it grows after the warm-up. */
export interface Course {
  readonly first: number;
  readonly last: number;
  readonly most: number;
  readonly perMinute: number;
}

/** @returns undefined where no sample has the figure */
export function courseOf(samples: readonly Sample[], figure: (sample: Sample) => number | undefined): Course | undefined {
  const end = samples.at(-1)?.seconds ?? 0;
  const points = samples.flatMap((sample) => {
    const value = figure(sample);
    return value === undefined ? [] : [[sample.seconds / 60, value] as const];
  });
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const settled = points.filter(([minutes]) => minutes * 60 >= end * WARM_UP);
  const most = Math.max(...points.map(([, value]) => value));
  return { first: rounded(first[1]), last: rounded(last[1]), most: rounded(most), perMinute: rounded(slopeOf(settled)) };
}

/** Courses of all processes and files by name. */
export function coursesOf(samples: readonly Sample[]) {
  const names = (of: (sample: Sample) => object): string[] => [...new Set(samples.flatMap((sample) => Object.keys(of(sample))))];
  const processes = names(({ processes }) => processes).map((name) => {
    const course = (key: keyof ProcessSample) => courseOf(samples, (sample) => sample.processes[name]?.[key]);
    const figures = {
      rssMb: course('rssMb'),
      heapMb: course('heapMb'),
      descriptors: course('descriptors'),
      loopP99Ms: course('loopP99Ms'),
      loopMaxMs: course('loopMaxMs'),
      cpuShare: cpuShareOf(samples, name),
    };
    return [name, figures] as const;
  });
  const files = names((sample) => sample.files).map(
    (name) => [name, courseOf(samples, (sample) => (sample.files[name] ?? 0) / 1e6)] as const,
  );
  return { processes: Object.fromEntries(processes), filesMb: Object.fromEntries(files) };
}

/** CPU time by wall time over the run: 1 is one core. */
function cpuShareOf(samples: readonly Sample[], name: string): number | undefined {
  const seen = samples.filter(({ processes }) => processes[name]?.cpuSeconds !== undefined);
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const cpu = (last.processes[name]?.cpuSeconds ?? 0) - (first.processes[name]?.cpuSeconds ?? 0);
  return rounded(cpu / (last.seconds - first.seconds));
}

export function rounded(value: number): number {
  return Number(value.toFixed(2));
}
