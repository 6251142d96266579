/** How two samples of times differ. */
export interface Comparison {
  readonly medians: readonly [number, number];
  /** 95th percentiles. */
  readonly high: readonly [number, number];
  /** Kolmogorov and Smirnov's distance: 0 for equal distributions, 1 for such that share no value. */
  readonly distance: number;
  /** Probability that the greater of one value from each is the second's (Mann and Whitney); 0.5 where they do not differ. */
  readonly advantage: number;
}

export function compare(first: readonly number[], second: readonly number[]): Comparison {
  const [a, b] = [[...first].sort(ascending), [...second].sort(ascending)];
  return {
    medians: [quantile(a, 0.5), quantile(b, 0.5)],
    high: [quantile(a, 0.95), quantile(b, 0.95)],
    distance: distanceOf(a, b),
    advantage: b.reduce((sum, value) => sum + (countBelow(a, value, false) + countBelow(a, value, true)) / 2, 0) / (a.length * b.length),
  };
}

/** Of sorted values. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

function distanceOf(a: readonly number[], b: readonly number[]): number {
  return Math.max(...[...a, ...b].map((value) => Math.abs(countBelow(a, value, true) / a.length - countBelow(b, value, true) / b.length)));
}

/** How many of the sorted values are less than `value`, or also equal to it. */
function countBelow(sorted: readonly number[], value: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const isBelow = orEqual ? sorted[middle]! <= value : sorted[middle]! < value;
    if (isBelow) low = middle + 1;
    else high = middle;
  }
  return low;
}

function ascending(a: number, b: number): number {
  return a - b;
}
