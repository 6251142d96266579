import { Command } from 'commander';
import type { ListChoice } from './trust-run.ts';

export function trustCommand(): Command {
  const trust = new Command('trust').description('certificates of OPC UA applications: list, show, add, remove');
  trust
    .command('list')
    .description('what is trusted, and what waits in rejected/')
    .argument('<config>', "either side's configuration")
    .action(async (config: string) => (await import('./trust-run.ts')).listAll(config));
  trust
    .command('show')
    .description('everything a person should compare before trusting a certificate')
    .argument('<config>', "either side's configuration")
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, or common name')
    .action(async (config: string, certificate: string) => (await import('./trust-run.ts')).show(config, certificate));
  trust
    .command('add')
    .description('trust a certificate that waits in rejected/, or one from a file')
    .argument('<config>', "either side's configuration")
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, common name, or a PEM or DER file')
    .option('--application <name>', 'whose list it goes to: ingest, cleared, receiver or applications')
    .action(async (config: string, certificate: string, options: ListChoice) =>
      (await import('./trust-run.ts')).add(config, certificate, options),
    );
  trust
    .command('remove')
    .description('take trust away, or clear a waiting certificate')
    .argument('<config>', "either side's configuration")
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, or common name')
    .option('--application <name>', 'from whose list: ingest, cleared, receiver or applications')
    .action(async (config: string, certificate: string, options: ListChoice) =>
      (await import('./trust-run.ts')).remove(config, certificate, options),
    );
  return trust;
}
