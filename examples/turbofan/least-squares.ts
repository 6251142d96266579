/** A linear function of the inputs. */
export interface LinearFit {
  readonly intercept: number;
  /** One for each input, in their order. */
  readonly weights: readonly number[];
}

/**
 * Ordinary least squares by the normal equations. The inputs are centred first: around their means they are of one size,
 * and the equations stay well-conditioned in double precision.
 * @throws Error where the inputs do not determine the weights
 */
export function leastSquares(inputs: readonly (readonly number[])[], targets: readonly number[]): LinearFit {
  const width = inputs[0]?.length ?? 0;
  const means = Array.from({ length: width }, (_, column) => mean(inputs.map((row) => row[column]!)));
  const meanTarget = mean(targets);
  const centred = inputs.map((row) => row.map((value, column) => value - means[column]!));
  const matrix = means.map((_, i) => means.map((__, j) => sum(centred.map((row) => row[i]! * row[j]!))));
  const right = means.map((_, i) => sum(centred.map((row, index) => row[i]! * (targets[index]! - meanTarget))));
  const weights = solve(matrix, right);
  return { intercept: meanTarget - sum(weights.map((weight, column) => weight * means[column]!)), weights };
}

/** Solves a square system by Gaussian elimination with partial pivoting. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, index) => [...row, right[index]!]);
  for (let column = 0; column < rows.length; column++) {
    const pivot = pivotRow(rows, column);
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let other = 0; other < rows.length; other++) {
      if (other !== column) eliminate(rows[other]!, rows[column]!, column);
    }
  }
  return rows.map((row, index) => row[rows.length]! / row[index]!);
}

/** The row from `column` on with the largest entry in that column. */
function pivotRow(rows: readonly (readonly number[])[], column: number): number {
  let best = column;
  for (let row = column + 1; row < rows.length; row++) {
    if (Math.abs(rows[row]![column]!) > Math.abs(rows[best]![column]!)) best = row;
  }
  if (rows[best]![column] === 0) throw new Error('The inputs do not determine the weights: one is constant or follows from the others.');
  return best;
}

function eliminate(row: number[], by: readonly number[], column: number): void {
  const factor = row[column]! / by[column]!;
  for (let at = column; at < row.length; at++) row[at] = row[at]! - factor * by[at]!;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
