import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type ApplicationName, pkiFolder, readConfig, RejectedError, type TrustEntry, TrustList } from '../app/index.ts';

interface ListOf {
  readonly application: ApplicationName;
  readonly list: TrustList;
}

export function trustCommand(): Command {
  const trust = new Command('trust').description('certificates of OPC UA applications: list, show, add, remove');
  trust
    .command('list')
    .description('what is trusted, and what waits in rejected/')
    .argument('<config>')
    .action((config: string) => {
      for (const { application, list } of listsOf(config)) {
        process.stdout.write(`${application}:\n`);
        const entries = list.list();
        if (entries.length === 0) process.stdout.write('  none\n');
        for (const entry of entries)
          process.stdout.write(`  ${entry.state.padEnd(8)}  ${entry.thumbprint.slice(0, 16)}  ${entry.commonName}\n`);
      }
    });
  trust
    .command('show')
    .description('everything a person should compare before trusting a certificate')
    .argument('<config>')
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, or common name')
    .action((config: string, selector: string) => {
      const { application, entry } = find(listsOf(config), selector);
      process.stdout.write(describe(application, entry));
    });
  trust
    .command('add')
    .description('trust a certificate that waits in rejected/, or one from a file')
    .argument('<config>')
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, common name, or a PEM or DER file')
    .option('--application <name>', 'whose list it goes to, for a file: ingest, cleared, receiver or applications')
    .action((config: string, selector: string, options: { application?: string }) => {
      const lists = chosen(listsOf(config), options.application);
      const entry = existsSync(selector) ? addFile(lists, selector) : addWaiting(lists, selector);
      process.stdout.write(`${entry.application} now trusts ${entry.entry.commonName} (${entry.entry.thumbprint})\n`);
    });
  trust
    .command('remove')
    .description('take trust away, or clear a waiting certificate')
    .argument('<config>')
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, or common name')
    .option('--application <name>', 'from whose list: ingest, cleared, receiver or applications')
    .action((config: string, selector: string, options: { application?: string }) => {
      const { application, list, entry } = find(chosen(listsOf(config), options.application), selector);
      list.remove(entry.thumbprint);
      process.stdout.write(`${application} no longer has ${entry.commonName} (${entry.thumbprint})\n`);
    });
  return trust;
}

function listsOf(path: string): ListOf[] {
  const config = readConfig(path);
  const applications: readonly ApplicationName[] = config.role === 'owner' ? ['ingest', 'cleared'] : ['receiver', 'applications'];
  return applications.map((application) => ({ application, list: new TrustList(pkiFolder(config.pki, application)) }));
}

function chosen(lists: readonly ListOf[], application: string | undefined): readonly ListOf[] {
  if (application === undefined) return lists;
  const found = lists.filter((each) => each.application === application);
  if (found.length === 0)
    throw bad(`There is no list "${application}" here. Take one of ${lists.map((each) => each.application).join(', ')}.`);
  return found;
}

function find(lists: readonly ListOf[], selector: string, state?: 'rejected'): ListOf & { entry: TrustEntry } {
  const found = lists.flatMap((each) => {
    try {
      return [{ ...each, entry: each.list.find(selector, state) }];
    } catch (error) {
      if (error instanceof RejectedError && error.code === 'UNKNOWN_CERTIFICATE') return [];
      throw error;
    }
  });
  const [first, second] = found;
  if (first === undefined) throw bad(`No ${state ?? 'trusted or rejected'} certificate is named "${selector}". Look with dcmb trust list.`);
  if (second !== undefined)
    throw bad(`"${selector}" stands in the lists of ${found.map((each) => each.application).join(' and ')}. Say which by --application.`);
  return first;
}

function addWaiting(lists: readonly ListOf[], selector: string): { application: ApplicationName; entry: TrustEntry } {
  const { application, list, entry } = find(lists, selector, 'rejected');
  return { application, entry: list.trust(entry.thumbprint) };
}

function addFile(lists: readonly ListOf[], file: string): { application: ApplicationName; entry: TrustEntry } {
  const [first, second] = lists;
  if (first === undefined || second !== undefined) {
    const names = lists.map(({ application }) => application).join(' or ');
    throw bad(`${file} could go to two lists. Say by --application to which: ${names}.`);
  }
  try {
    return { application: first.application, entry: first.list.add(new Uint8Array(readFileSync(file))) };
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}

function describe(application: ApplicationName, entry: TrustEntry): string {
  const { thumbprint, commonName, state, file, notBeforeMs, notAfterMs, rsaBits, signatureAlgorithm } = entry;
  return `${commonName}
  list        ${application}, ${state}
  SHA-256     ${thumbprint}
  valid       ${new Date(notBeforeMs).toISOString()} to ${new Date(notAfterMs).toISOString()}
  key         RSA ${rsaBits}, ${signatureAlgorithm}
  file        ${file}
`;
}

function bad(message: string): RejectedError {
  return new RejectedError('BAD_CONFIG', message);
}
