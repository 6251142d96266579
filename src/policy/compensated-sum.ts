/** A running sum of doubles with what rounding has lost of it (A. Neumaier 1974, improved Kahan–Babuška summation). */
export interface CompensatedSum {
  sum: number;
  lost: number;
}

export function emptySum(): CompensatedSum {
  return { sum: 0, lost: 0 };
}

export function addTo(total: CompensatedSum, value: number): void {
  const next = total.sum + value;
  total.lost += Math.abs(total.sum) >= Math.abs(value) ? total.sum - next + value : value - next + total.sum;
  total.sum = next;
}

/** Not finite once the sum has left the range of doubles; it does not come back. */
export function totalOf(total: CompensatedSum): number {
  return Number.isFinite(total.sum) ? total.sum + total.lost : total.sum;
}
