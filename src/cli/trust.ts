import { Command } from 'commander';
import type { ListChoice } from './trust-lists.ts';
import type { AddOptions, RenewOptions } from './trust-run.ts';

const CONFIG = "either side's configuration";
const APPLICATION = [
  '--application <name>',
  'ingest, cleared (cleared/<channel> where there are several), receiver or applications',
] as const;

const work = () => import('./trust-run.ts');

export function trustCommand(): Command {
  const trust = new Command('trust').description('certificates of OPC UA applications: whom to trust, and one’s own');
  trust
    .command('list')
    .description('what is trusted, which authorities vouch for others, and what waits in rejected/')
    .argument('<config>', CONFIG)
    .action(async (config: string) => (await work()).listAll(config));
  trust
    .command('show')
    .description('everything a person should compare before trusting a certificate')
    .argument('<config>', CONFIG)
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, or common name')
    .action(async (config: string, certificate: string) => (await work()).show(config, certificate));
  trust
    .command('add')
    .description('trust a certificate that waits in rejected/, or one from a file')
    .argument('<config>', CONFIG)
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, common name, or a PEM or DER file')
    .option(APPLICATION[0], `whose list it goes to: ${APPLICATION[1]}`)
    .option('--renews <certificate>', 'the trusted certificate whose place it takes, with the rights of its user')
    .action(async (config: string, certificate: string, options: AddOptions) => (await work()).add(config, certificate, options));
  trust
    .command('remove')
    .description('take trust away, or clear a waiting certificate')
    .argument('<config>', CONFIG)
    .argument('<certificate>', 'thumbprint, its first 8 digits or more, or common name')
    .option(APPLICATION[0], `from whose list: ${APPLICATION[1]}`)
    .action(async (config: string, certificate: string, options: ListChoice) => (await work()).remove(config, certificate, options));
  addAuthorityCommands(trust);
  return trust;
}

function addAuthorityCommands(trust: Command): void {
  trust
    .command('authority')
    .description('trust every application certificate that an authority issues')
    .argument('<config>', CONFIG)
    .argument('<file>', "the authority's certificate, PEM or DER")
    .option(APPLICATION[0], `whose list it goes to: ${APPLICATION[1]}`)
    .action(async (config: string, file: string, options: ListChoice) => (await work()).addAuthority(config, file, options));
  trust
    .command('crl')
    .description('take in the revocation list of an authority')
    .argument('<config>', CONFIG)
    .argument('<file>', 'revocation list, PEM or DER')
    .option(APPLICATION[0], `for one application only: ${APPLICATION[1]}`)
    .action(async (config: string, file: string, options: ListChoice) => (await work()).addRevocationList(config, file, options));
  trust
    .command('renew')
    .description("make an application's next certificate, and put it to use once its peers trust it")
    .argument('<config>', CONFIG)
    .option(APPLICATION[0], `whose certificate: ${APPLICATION[1]}`)
    .option('--days <number>', 'validity of the new one in days, 1 to 7300; 1825 if absent')
    .option('--use', 'put next.pem and next-key.pem in the place of own.pem and own-key.pem')
    .action(async (config: string, options: RenewOptions) => (await work()).renew(config, options));
}
