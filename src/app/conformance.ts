import { readFileSync } from 'node:fs';
import { type ConformanceLine, ModuleInspector, type LinkOptions } from '../client/index.ts';
import { toBase64Url } from '../core/index.ts';
import { DCMB_NODESET_FILE, readNodeset } from '../nodeset/index.ts';
import { type LoadedAgreement, loadAgreement } from './agreement-file.ts';
import { readManufacturerConfig } from './config.ts';
import { inspectEvidence } from './conformance-evidence.ts';
import { linkOptions, trustListOf } from './link-access.ts';
import { loadIdentity } from './plant-identities.ts';

export interface ConformanceReport {
  readonly endpointUrl: string;
  readonly lines: readonly ConformanceLine[];
  /** Nothing is wrong or missing. */
  readonly passed: boolean;
}

/**
 * Checks somebody's module against the information model and the evidence format, over a real connection and with the
 * manufacturer's identity. It tries what must be refused (a write, batches and a receipt that are none), hands in nothing, and
 * keeps nothing; the batches that it fetches count as delivered.
 * @param configFile the manufacturer's configuration
 * @param endpointUrl of the module's cleared server; the configuration's where absent
 * @throws RejectedError, UnavailableError where there is no connection
 */
export async function checkConformance(configFile: string, endpointUrl?: string): Promise<ConformanceReport> {
  const config = readManufacturerConfig(configFile);
  const [own] = config.channels;
  const loaded = loadAgreement(own.agreement);
  const url = endpointUrl ?? own.sender.endpointUrl;
  const link = linkOptions(url, loadIdentity(config.pki, 'receiver'), trustListOf(config, 'receiver'), own.sender.user);
  const lines = await inspect(link, loaded, own.name);
  return { endpointUrl: url, lines, passed: lines.every(({ state }) => state === 'found') };
}

async function inspect(link: LinkOptions, loaded: LoadedAgreement, channel: string): Promise<ConformanceLine[]> {
  const { agreement, terms } = loaded;
  const inspector = await ModuleInspector.open(link, {
    name: channel,
    channelId: toBase64Url(terms.channelId),
    ledgerId: agreement.ledger,
    agreementVersion: agreement.version,
    intervalMs: terms.params.intervalMs,
    originMs: terms.params.originMs,
    publications: terms.params.publications,
    streams: agreement.streams.map(({ name, conditions }) => ({ name, codes: conditions.map(({ code }) => code) })),
  });
  try {
    return await inspectAll(inspector, loaded);
  } finally {
    await inspector.close();
  }
}

async function inspectAll(inspector: ModuleInspector, loaded: LoadedAgreement): Promise<ConformanceLine[]> {
  const lines: ConformanceLine[] = [
    { about: 'session', state: 'found', message: 'signed and encrypted, with the manufacturer’s identity' },
  ];
  if (!inspector.hasInstances) {
    return [...lines, { about: 'namespaces', state: 'missing', message: 'the server has no namespace urn:dcmb:instance' }];
  }
  lines.push(await inspector.version());
  lines.push(...(await inspector.nodes(readNodeset(DCMB_NODESET_FILE, readFileSync(DCMB_NODESET_FILE, 'utf8')))));
  const { lines: values, lastBatch } = await inspector.values();
  lines.push(...values, ...(await inspector.refusals()));
  lines.push(...(await inspectEvidence(inspector, loaded, lastBatch)));
  return lines;
}
