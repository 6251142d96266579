import * as v from 'valibot';
import type { ConformanceLine, ModuleInspector } from '../client/index.ts';
import { EnvelopeShape, envelopeHashText, hasCode, integer, type Json, parseShape } from '../core/index.ts';
import { type BatchHeader, type DeliveryPackage, type Opened, openHeader, verifyDelivery, type VerifiedBatch } from '../evidence/index.ts';
import { systemArgon2 } from '../platform/index.ts';
import { deliveryTerms } from '../transfer/index.ts';
import type { LoadedAgreement } from './agreement-file.ts';
import { messageOf } from './message-of.ts';

const PackageShape = v.looseObject({ header: EnvelopeShape });
const EvidenceShape = v.looseObject({ n: integer(0), header: EnvelopeShape, headerHash: v.string() });

/** Fetches the last batch and the one before, and verifies both as far as that goes without the channel's keys. */
export async function inspectEvidence(
  inspector: ModuleInspector,
  { terms }: LoadedAgreement,
  lastBatch: number | undefined,
): Promise<ConformanceLine[]> {
  if (lastBatch === undefined)
    return [{ about: 'evidence', state: 'missing', message: 'no batch was published yet; try again after an interval' }];
  const lines: ConformanceLine[] = [];
  let previous: Opened<BatchHeader> | undefined;
  for (const n of lastBatch > 0 ? [lastBatch - 1, lastBatch] : [lastBatch]) {
    const about = `delivery of batch ${n}`;
    const { status, json } = await inspector.document('FetchDelivery', n);
    if (json === undefined) {
      lines.push({ about, state: 'missing', message: `FetchDelivery answered ${status} and no JSON` });
      previous = undefined;
      continue;
    }
    try {
      const { header } = parseShape(PackageShape, json, 'delivery package');
      const batch = await verified(json, { terms, n, previous });
      lines.push({ about, state: 'found', message: said(batch, previous !== undefined) });
      previous = openHeader(header, terms.ownerKey);
      lines.push(await evidenceOf(inspector, n, envelopeHashText(header)));
    } catch (error) {
      const code = typeof error === 'object' && error !== null && 'code' in error ? `${String(error.code)}: ` : '';
      lines.push({ about, state: 'wrong', message: `${code}${messageOf(error)}` });
      previous = undefined;
    }
  }
  return lines;
}

interface Expected {
  readonly terms: LoadedAgreement['terms'];
  readonly n: number;
  readonly previous: Opened<BatchHeader> | undefined;
}

async function verified(json: Json, { terms, n, previous }: Expected): Promise<VerifiedBatch> {
  const batch = await verifyDelivery({
    ...deliveryTerms(terms),
    epochKeys: undefined,
    argon2: systemArgon2,
    package: json as unknown as DeliveryPackage,
    previous,
    tokenRoot: undefined,
  });
  if (batch.header.n !== n) throw new RangeError(`batch ${batch.header.n} was delivered`);
  return batch;
}

function said({ codes, header }: VerifiedBatch, isChained: boolean): string {
  const chain = isChained ? ', follows the one before' : '';
  return `header, delivery and opening hold${chain}; interval ${header.interval}, codes ${codes.join(', ')}`;
}

async function evidenceOf(inspector: ModuleInspector, n: number, headerHash: string): Promise<ConformanceLine> {
  const about = `evidence of batch ${n}`;
  const { status, json } = await inspector.document('GetEvidence', n);
  if (json === undefined) return { about, state: 'missing', message: `GetEvidence answered ${status} and no JSON` };
  try {
    const evidence = parseShape(EvidenceShape, json, 'evidence');
    const isSame = evidence.n === n && evidence.headerHash === headerHash && envelopeHashText(evidence.header) === headerHash;
    if (!isSame) return { about, state: 'wrong', message: 'it names another header than the delivery' };
    return { about, state: 'found', message: 'names the header of the delivery' };
  } catch (error) {
    if (!hasCode(error, 'BAD_SHAPE')) throw error;
    return { about, state: 'wrong', message: messageOf(error) };
  }
}
