import { addTo, emptySum, totalOf } from './compensated-sum.ts';
import type { LinearModel } from './policy-types.ts';

/**
 * Intercept plus the sum of weight times value, the products added in the order of the stream's tags with Neumaier's
 * compensation, the intercept first. Not finite where the doubles overflow.
 */
export function runLinear(model: LinearModel, values: readonly number[]): number {
  const sum = emptySum();
  addTo(sum, model.intercept);
  model.weights.forEach((weight, index) => addTo(sum, weight * values[index]!));
  return totalOf(sum);
}
