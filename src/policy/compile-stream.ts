import { elementName } from './compile-tags.ts';
import { compileMapping } from './compile-mapping.ts';
import type { ComputeModule } from './compute-module.ts';
import { aggregatesOf, type Domain, domainOfAggregate, domainOfTag } from './domain.ts';
import { reals } from './number-line.ts';
import { type ComputeTerm, type Refuse, type StreamTerm, within } from './policy-file.ts';
import type { LinearModel, ModuleCompute, QualityRule, StreamPolicy } from './policy-types.ts';
import type { PolicyTag } from './tag.ts';

type Modules = ReadonlyMap<string, ComputeModule>;

/** Checks what the schema cannot say about a stream, its mapping above all. */
export function compileStream(term: StreamTerm, tags: readonly PolicyTag[], modules: Modules, refuse: Refuse): StreamPolicy {
  const sources = term.tags.map((name, index) => tagIndex(name, tags, within(refuse, 'tags', index)));
  const compute = computeOf(term, sources, tags, modules, refuse);
  const trigger = triggerOf(term, sources, tags, refuse);
  const samples = samplesOf(term, tags[trigger]!, compute !== undefined);
  const decrease = decreaseOf(term, samples, refuse);
  const quality = qualityOf(term, refuse);
  const domain = domainOfAggregate(samples, { aggregate: term.aggregate, decrease, zeroWhenMissing: quality.missing === 'zero' });
  requireDistinct(term, within(refuse, 'conditions'));
  const mapping = compileMapping(term.conditions, domain, within(refuse, 'conditions'));
  requireReachable(term, quality, refuse);
  return {
    name: term.name,
    title: term.title,
    tags: sources,
    input: term.input ?? 'value',
    compute,
    trigger,
    aggregate: term.aggregate,
    decrease,
    conditions: term.conditions.map(({ code, text, importance }) => ({ code, text, importance })),
    mapping,
    quality,
  };
}

function tagIndex(name: string, tags: readonly PolicyTag[], refuse: Refuse): number {
  const index = tags.findIndex((tag) => tag.name === name);
  if (index >= 0) return index;
  if (tags.some(({ array }) => array?.name === name)) {
    refuse('POLICY_INCONSISTENT', [], 'this tag is an array', `Name one of its elements, such as "${elementName(name, 0)}".`);
  }
  return refuse('POLICY_INCONSISTENT', [], 'no tag has this name', 'Name a tag from "tags" of the policy.');
}

function triggerOf(term: StreamTerm, sources: readonly number[], tags: readonly PolicyTag[], refuse: Refuse): number {
  const last = sources[sources.length - 1]!;
  if (term.compute === undefined && sources.length > 1) {
    refuse(
      'POLICY_INCONSISTENT',
      ['tags'],
      'several tags, but no "compute" that makes one value of them',
      'Name one tag, or add "compute".',
    );
  }
  if (term.trigger === undefined) return last;
  const index = sources.find((source) => tags[source]!.name === term.trigger);
  return index ?? refuse('POLICY_INCONSISTENT', ['trigger'], 'it is not among the source tags', 'Name one of the stream\'s "tags".');
}

function samplesOf(term: StreamTerm, tag: PolicyTag, computed: boolean): Domain {
  if (term.input === 'status') return { kind: 'statuses' };
  return computed ? reals(undefined, undefined) : domainOfTag(tag);
}

function computeOf(
  term: StreamTerm,
  sources: readonly number[],
  tags: readonly PolicyTag[],
  modules: Modules,
  refuse: Refuse,
): LinearModel | ModuleCompute | undefined {
  if (term.compute === undefined) return undefined;
  if (term.input === 'status')
    refuse('POLICY_INCONSISTENT', ['compute'], 'status codes are not computed with', 'Remove it, or use the values.');
  const refuseCompute = within(refuse, 'compute');
  const unknown = (tag: PolicyTag) => tag.type === 'ByteString' || (term.compute?.kind === 'linear' && tag.type === 'String');
  const wrong = sources.findIndex((source) => unknown(tags[source]!));
  if (wrong >= 0) refuse('POLICY_INCONSISTENT', ['tags', wrong], 'a tag of this type cannot be computed with', 'Name a tag with a number.');
  if (term.compute.kind === 'linear') return linearOf(term.compute, term.tags, refuseCompute);
  return moduleOf(term.compute, modules, refuseCompute);
}

function linearOf(compute: ComputeTerm, names: readonly string[], refuse: Refuse): LinearModel {
  if (compute.file !== undefined || compute.sha256 !== undefined) {
    refuse('POLICY_INCONSISTENT', [], '"file" and "sha256" belong to the kind "module"', 'Remove them.');
  }
  const weights = new Map(Object.entries(compute.weights ?? {}));
  for (const name of weights.keys()) {
    if (!names.includes(name))
      refuse('POLICY_INCONSISTENT', ['weights', name], 'it is not among the source tags', 'Name it in "tags", or remove it.');
  }
  const missing = names.find((name) => !weights.has(name));
  if (missing !== undefined) refuse('POLICY_INCONSISTENT', ['weights'], `the source tag "${missing}" has no weight`, 'Add its weight.');
  return { kind: 'linear', intercept: compute.intercept ?? 0, weights: names.map((name) => weights.get(name)!) };
}

function moduleOf(compute: ComputeTerm, modules: Modules, refuse: Refuse): ModuleCompute {
  if (compute.intercept !== undefined || compute.weights !== undefined) {
    refuse('POLICY_INCONSISTENT', [], '"intercept" and "weights" belong to the kind "linear"', 'Remove them.');
  }
  const { file, sha256 } = compute;
  if (file === undefined || sha256 === undefined) {
    return refuse('POLICY_INCONSISTENT', [], 'a module needs "file" and "sha256"', 'Add the path and what sha256sum prints for it.');
  }
  const module = modules.get(sha256);
  if (module?.digest === sha256) return { kind: 'module', file, sha256, module };
  return refuse('COMPUTE_MODULE_MISSING', ['sha256'], 'there is no module with this digest', 'Put the file there, or correct the digest.');
}

function decreaseOf(term: StreamTerm, samples: Domain, refuse: Refuse): 'restart' | 'signed' {
  const known = aggregatesOf(samples);
  if (!known.includes(term.aggregate)) {
    refuse('POLICY_INCONSISTENT', ['aggregate'], 'values of this type cannot be aggregated so', `Use ${known.join(', ')}.`);
  }
  if (term.aggregate !== 'delta') {
    if (term.decrease === undefined) return 'signed';
    return refuse('POLICY_INCONSISTENT', ['decrease'], 'it belongs to the aggregation "delta"', 'Remove it.');
  }
  if (term.decrease === undefined) {
    return refuse(
      'POLICY_INCONSISTENT',
      [],
      '"delta" without "decrease"',
      'Add "decrease": "restart" for a counter, "signed" for a level.',
    );
  }
  const canBeNegative = (samples.kind === 'integers' || samples.kind === 'reals') && samples.lowest < 0;
  if (term.decrease === 'restart' && canBeNegative) {
    refuse('POLICY_INCONSISTENT', ['decrease'], 'a counter that restarts at 0 is never negative', 'Give the tag a "minimum" of 0 or more.');
  }
  return term.decrease;
}

function qualityOf(term: StreamTerm, refuse: Refuse): QualityRule {
  const given = term.quality ?? {};
  const refuseQuality = within(refuse, 'quality');
  if (term.input === 'status' && (given.bad !== undefined || given.uncertain !== undefined)) {
    refuseQuality('POLICY_INCONSISTENT', [], 'the status itself is mapped, so "bad" and "uncertain" say nothing', 'Remove them.');
  }
  if (given.missing === 'zero' && !['sum', 'count', 'delta'].includes(term.aggregate)) {
    refuseQuality('POLICY_INCONSISTENT', ['missing'], '"zero" belongs to sum, count and delta', 'Use "none", "hold" or a code.');
  }
  for (const key of ['bad', 'uncertain', 'stale', 'missing'] as const) {
    const rule = given[key];
    if (typeof rule !== 'number' || term.conditions.some(({ code }) => code === rule)) continue;
    refuseQuality('POLICY_INCONSISTENT', [key], `no condition of this stream has the code ${rule}`, 'Add the condition, or name another.');
  }
  return { bad: 'ignore', uncertain: 'ignore', stale: 'none', missing: 'none', ...given };
}

/** Codes and texts each name one condition: clients show them as an enumeration. */
function requireDistinct({ conditions }: StreamTerm, refuse: Refuse): void {
  conditions.forEach(({ code, text }, index) => {
    const earlier = conditions.slice(0, index);
    if (earlier.some((other) => other.code === code)) {
      refuse('POLICY_INCONSISTENT', [index, 'code'], `the code ${code} stands twice`, 'Give each condition a code of its own.');
    }
    for (const language of ['en', 'de'] as const) {
      if (!earlier.some((other) => other.text[language] === text[language])) continue;
      refuse('POLICY_INCONSISTENT', [index, 'text', language], 'another condition has this text', 'Give each condition a text of its own.');
    }
  });
}

/** A condition that no value gives must be one that the quality rule gives. */
function requireReachable(term: StreamTerm, quality: QualityRule, refuse: Refuse): void {
  const byQuality = Object.values(quality);
  term.conditions.forEach(({ code, ranges, values, otherwise }, index) => {
    if (ranges !== undefined || values !== undefined || otherwise !== undefined || byQuality.includes(code)) return;
    refuse(
      'POLICY_UNREACHABLE',
      ['conditions', index],
      `nothing gives condition ${code}: no value, and no quality rule`,
      'Add "ranges", "values" or "otherwise", name it in "quality", or remove it.',
    );
  });
}
