/*
 * Fits the linear model of the turbofan example and writes it into the mapping policy.
 *
 *   node examples/turbofan/fit.ts
 *
 * Ordinary least squares of the remaining useful life, in flight cycles, over six sensors of the training engines. As is
 * customary for this data the target is capped: an engine far from its end shows no wear, so "125 cycles or more" is all
 * that sensors can tell (F. O. Heimes, "Recurrent Neural Networks for Remaining Useful Life Estimation", PHM08, 2008).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { applyEdits, modify } from 'jsonc-parser';
import { type Cycle, readCycles, SENSORS } from './cycles.ts';
import { leastSquares } from './least-squares.ts';

/** Remaining cycles above which an engine counts as new. */
const CAP = 125;

/** Digits after the decimal point that the policy carries: finer ones move the result by less than 0.01 cycles. */
const DIGITS = 6;

export interface LinearModel {
  readonly intercept: number;
  readonly weights: Readonly<Record<string, number>>;
}

/** Fits the model on one set of engines. */
export function fit(cycles: readonly Cycle[]): LinearModel {
  const { intercept, weights } = leastSquares(
    cycles.map(({ sensors }) => sensors),
    cycles.map(({ remaining }) => Math.min(remaining, CAP)),
  );
  return { intercept: rounded(intercept), weights: Object.fromEntries(SENSORS.map((name, index) => [name, rounded(weights[index] ?? 0)])) };
}

/** Remaining useful life that the model gives for a cycle, in cycles. */
export function predict({ intercept, weights }: LinearModel, cycle: Cycle): number {
  return SENSORS.reduce((sum, name, index) => sum + (weights[name] ?? 0) * (cycle.sensors[index] ?? 0), intercept);
}

/** Root mean square error against the capped remaining life, in cycles. */
export function errorOf(model: LinearModel, cycles: readonly Cycle[]): number {
  const squares = cycles.map((cycle) => (predict(model, cycle) - Math.min(cycle.remaining, CAP)) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** The policy's text with the model's numbers in it; comments and layout stay. */
export function withModel(policy: string, model: LinearModel): string {
  const compute = ['streams', 0, 'compute'];
  const numbers: [string[], number][] = [[['intercept'], model.intercept], ...Object.entries(model.weights).map(weightEntry)];
  return numbers.reduce((text, [path, value]) => applyEdits(text, modify(text, [...compute, ...path], value, {})), policy);
}

function weightEntry([name, value]: [string, number]): [string[], number] {
  return [['weights', name], value];
}

function rounded(value: number): number {
  return Number(value.toFixed(DIGITS));
}

function main(): void {
  const training = readCycles(new URL('train.csv', import.meta.url));
  const heldOut = readCycles(new URL('held-out.csv', import.meta.url));
  const model = fit(training);
  console.log(`remaining useful life = ${model.intercept}`);
  for (const [name, weight] of Object.entries(model.weights)) console.log(`  ${weight < 0 ? '-' : '+'} ${Math.abs(weight)} * ${name}`);
  console.log('root mean square error in cycles:');
  console.log(`  ${errorOf(model, training).toFixed(1)} on the ${enginesOf(training)} training engines`);
  console.log(`  ${errorOf(model, heldOut).toFixed(1)} on the ${enginesOf(heldOut)} held-out engines`);
  const policy = new URL('policy.json', import.meta.url);
  writeFileSync(policy, withModel(readFileSync(policy, 'utf8'), model));
  console.log(`written to ${fileURLToPath(policy)}`);
}

function enginesOf(cycles: readonly Cycle[]): number {
  return new Set(cycles.map(({ engine }) => engine)).size;
}

if (import.meta.main) main();
