import type { Domain } from './domain.ts';
import type { ListMapping, Mapping, RangeMapping, Sample } from './mapping.ts';
import { after, before, type ClosedRange, clip, inWords, type NumberLine, type RangeTerm } from './number-line.ts';
import { type ConditionRule, type Path, type Refuse, within } from './policy-file.ts';
import { statusCodeOf } from './status-codes.ts';

/** Gives the mapping of a stream's conditions, or refuses it with the values that show what is wrong. */
export function compileMapping(conditions: readonly ConditionRule[], domain: Domain, refuse: Refuse): Mapping {
  conditions.forEach((condition, index) => {
    const ways = (['ranges', 'values', 'otherwise'] as const).filter((key) => condition[key] !== undefined);
    if (ways.length > 1) refuse('POLICY_INCONSISTENT', [index], `"${ways.join('" and "')}" stand together`, 'Keep one of them.');
  });
  const isNumber = domain.kind === 'integers' || domain.kind === 'reals';
  const listed = conditions.some((condition) => condition.values !== undefined);
  return isNumber && !listed ? compileRanges(conditions, domain, refuse) : compileList(conditions, domain, refuse);
}

interface Piece extends ClosedRange {
  readonly code: number;
  readonly path: Path;
}

function compileRanges(conditions: readonly ConditionRule[], line: NumberLine, refuse: Refuse): RangeMapping {
  conditions.forEach((condition, index) => {
    if (condition.otherwise !== undefined) {
      refuse(
        'POLICY_INCONSISTENT',
        [index, 'otherwise'],
        'numbers have no "otherwise", for it would hide a hole',
        'Write the ranges that it stands for.',
      );
    }
  });
  const pieces = conditions.flatMap((condition, index) =>
    (condition.ranges ?? []).map((range, place) => pieceOf(range, condition.code, [index, 'ranges', place], line, refuse)),
  );
  pieces.sort((a, b) => (a.lowest < b.lowest ? -1 : a.lowest > b.lowest ? 1 : 0));
  requirePartition(pieces, line, refuse);
  return { kind: 'ranges', domain: line, pieces: pieces.map(({ lowest, highest, code }) => ({ lowest, highest, code })) };
}

function pieceOf(range: RangeTerm, code: number, path: Path, line: NumberLine, refuse: Refuse): Piece {
  for (const bound of [range.from, range.to]) {
    if (bound !== undefined && line.kind === 'integers' && Math.abs(bound) > Number.MAX_SAFE_INTEGER) {
      refuse('POLICY_INCONSISTENT', path, 'a bound beyond 2^53 - 1 is not exact in JSON', 'Leave the bound out, or choose a smaller one.');
    }
  }
  const closed = clip(line, range);
  if (closed !== undefined) return { ...closed, code, path };
  return refuse(
    'POLICY_UNREACHABLE',
    path,
    `condition ${code} has a range that nothing can reach: the stream has ${inWords(line, line)}`,
    'Remove the range or correct its bounds.',
  );
}

/** Pieces in ascending order must touch each other and both ends of the line. */
function requirePartition(pieces: readonly Piece[], line: NumberLine, refuse: Refuse): void {
  const hole = (path: Path, range: ClosedRange) =>
    refuse('POLICY_HOLE', path, `no condition covers ${inWords(line, range)}`, 'Extend a range or add a condition.');
  const first = pieces[0];
  if (first === undefined) return hole([], line);
  if (first.lowest > line.lowest) hole(first.path, { lowest: line.lowest, highest: before(first.lowest) });
  let previous = first;
  for (const piece of pieces.slice(1)) {
    if (piece.lowest <= previous.highest) refuseOverlap(previous, piece, line, refuse);
    if (piece.lowest > after(previous.highest)) hole(piece.path, { lowest: after(previous.highest), highest: before(piece.lowest) });
    previous = piece;
  }
  if (previous.highest < line.highest) hole(previous.path, { lowest: after(previous.highest), highest: line.highest });
}

function refuseOverlap(first: Piece, second: Piece, line: NumberLine, refuse: Refuse): never {
  const shared = { lowest: second.lowest, highest: first.highest < second.highest ? first.highest : second.highest };
  const both =
    first.code === second.code ? `condition ${first.code} covers twice` : `conditions ${first.code} and ${second.code} both cover`;
  return refuse('POLICY_OVERLAP', second.path, `${both} ${inWords(line, shared)}`, 'Shorten one of the ranges.');
}

function compileList(conditions: readonly ConditionRule[], domain: Domain, refuse: Refuse): ListMapping {
  const codes = new Map<Sample, number>();
  conditions.forEach((condition, index) => {
    if (condition.ranges !== undefined) refuseRanges(domain, within(refuse, index, 'ranges'));
    condition.values?.forEach((value, place) => {
      list({ value, code: condition.code }, codes, domain, within(refuse, index, 'values', place));
    });
  });
  const otherwise = otherwiseOf(conditions, refuse);
  const missing = firstUnlisted(codes, domain);
  if (missing !== undefined && otherwise === undefined) {
    refuse('POLICY_HOLE', [], `no condition covers ${missing}`, 'List it, or add a condition with "otherwise": true.');
  }
  if (missing === undefined && otherwise !== undefined) {
    refuse('POLICY_UNREACHABLE', [], `condition ${otherwise} ("otherwise") is left nothing: every value is listed`, 'Remove it.');
  }
  return { kind: 'list', domain, codes, otherwise };
}

function refuseRanges(domain: Domain, refuse: Refuse): never {
  const isNumber = domain.kind === 'integers' || domain.kind === 'reals';
  const remedy = isNumber ? 'Use either "ranges" or "values" in all conditions of a stream.' : 'List "values" instead.';
  return refuse('POLICY_INCONSISTENT', [], 'ranges where the stream maps listed values', remedy);
}

function otherwiseOf(conditions: readonly ConditionRule[], refuse: Refuse): number | undefined {
  let found: number | undefined;
  conditions.forEach(({ code, otherwise }, index) => {
    if (otherwise === undefined) return;
    if (found !== undefined)
      refuse('POLICY_OVERLAP', [index, 'otherwise'], `conditions ${found} and ${code} are both "otherwise"`, 'Keep one.');
    found = code;
  });
  return found;
}

interface Listed {
  readonly value: boolean | number | string;
  readonly code: number;
}

function list({ value, code }: Listed, codes: Map<Sample, number>, domain: Domain, refuse: Refuse): void {
  const sample = sampleOf(value, domain);
  const shown = JSON.stringify(value);
  if (sample === undefined) {
    const why = `condition ${code} lists ${shown}, but the stream has ${domainInWords(domain)}`;
    return refuse('POLICY_UNREACHABLE', [], why, 'Remove or correct it.');
  }
  const other = codes.get(sample);
  if (other !== undefined) {
    const both = other === code ? `condition ${code} lists it twice` : `conditions ${other} and ${code} both list it`;
    refuse('POLICY_OVERLAP', [], `${shown}: ${both}`, 'Remove one.');
  }
  codes.set(sample, code);
}

/** The sample that a listed value stands for; undefined where the stream can never have it. */
function sampleOf(value: boolean | number | string, domain: Domain): Sample | undefined {
  switch (domain.kind) {
    case 'booleans':
      return typeof value === 'boolean' ? value : undefined;
    case 'texts':
      return typeof value === 'string' ? value : undefined;
    case 'statuses':
      return typeof value === 'string' ? statusCodeOf(value) : undefined;
    case 'enumeration':
      return enumerationValue(value, domain.names);
    case 'integers':
      if (!Number.isSafeInteger(value) || typeof value !== 'number') return undefined;
      return BigInt(value) >= domain.lowest && BigInt(value) <= domain.highest ? BigInt(value) : undefined;
    default:
      return undefined;
  }
}

function enumerationValue(value: boolean | number | string, names: ReadonlyMap<number, string>): bigint | undefined {
  for (const [known, name] of names) {
    if (known === value || name === value) return BigInt(known);
  }
  return undefined;
}

/** Words for what a list leaves out; undefined where it is complete. */
function firstUnlisted(codes: ReadonlyMap<Sample, number>, domain: Domain): string | undefined {
  switch (domain.kind) {
    case 'booleans':
      return [true, false].filter((value) => !codes.has(value)).join(' and ') || undefined;
    case 'enumeration':
      for (const [value, name] of domain.names) if (!codes.has(BigInt(value))) return `${value} ("${name}")`;
      return undefined;
    case 'integers':
      for (let value = domain.lowest; value <= domain.highest; value++) if (!codes.has(value)) return `${value}`;
      return undefined;
    default:
      return 'what is not listed';
  }
}

function domainInWords(domain: Domain): string {
  switch (domain.kind) {
    case 'integers':
    case 'reals':
      return `${domain.kind === 'reals' ? 'numbers that are mapped by "ranges"' : 'integers'}: ${inWords(domain, domain)}`;
    case 'booleans':
      return 'true and false';
    case 'enumeration':
      return 'the values of its enumeration';
    case 'texts':
      return 'texts';
    case 'statuses':
      return 'status codes, by name or as "0x" and 8 hexadecimal digits whose last four are 0';
    default:
      return 'nothing that can be mapped';
  }
}
