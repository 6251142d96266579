/*
 * Checks the floors of ARCHITECTURE.md. `node scripts/check-floors.ts [ROOT]`: exit code 1 on a violation, and also where
 * the tool looked at fewer files than there are, for it passes silently over what its parser cannot read.
 */
import { globSync } from 'node:fs';
import { cruise, type ICruiseResult, type IViolation } from 'dependency-cruiser';
import { CRUISE_OPTIONS } from './floor-rules.ts';

const root = process.argv[2] ?? '.';
process.chdir(root);

const files = globSync('{src,test,bench,examples,scripts}/**/*.ts', { exclude: ['**/node_modules/**'] }).toSorted();
const result = await cruiseFiles(files);
const problems = [...result.summary.violations.map(sentence), ...notCruised(files, result)];

for (const problem of problems) console.error(problem);
console.log(`floors: ${files.length} files, ${result.summary.totalDependenciesCruised ?? 0} imports, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function cruiseFiles(names: string[]): Promise<ICruiseResult> {
  const { output } = await cruise(names, CRUISE_OPTIONS);
  if (typeof output === 'string') throw new Error('dependency-cruiser gave text where its result object was expected');
  return output;
}

/** Files that the tool did not look at, and the whole lot where it found no import in any of them. */
function notCruised(names: readonly string[], { modules, summary }: ICruiseResult): string[] {
  const seen = new Set(modules.map((module) => module.source));
  const missed = names.filter((name) => !seen.has(name)).map((name) => `not-cruised: ${name}`);
  const blind = names.length === 0 || (summary.totalDependenciesCruised ?? 0) === 0;
  return blind ? [...missed, 'not-cruised: no import was found at all'] : missed;
}

function sentence({ rule, from, to, cycle, comment }: IViolation): string {
  const path = cycle === undefined ? to : cycle.map((step) => step.name).join(' -> ');
  return `${rule.name}: ${from} -> ${path}${comment === undefined ? '' : ` (${comment})`}`;
}
