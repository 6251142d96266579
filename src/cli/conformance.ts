import { Command } from 'commander';

export function conformanceCommand(): Command {
  return new Command('conformance')
    .description("check somebody's module against the information model and the evidence format: exit code 0 it conforms, 1 it does not")
    .argument('[endpoint]', "of its cleared server, opc.tcp://host:port; the configuration's if absent")
    .requiredOption('--config <file>', "the manufacturer's configuration: identity, trust and agreement")
    .option('--json', 'print the report as one JSON object')
    .action(async (endpoint: string | undefined, { config, json }: { readonly config: string; readonly json?: true }) =>
      (await import('./conformance-run.ts')).runConformance(config, endpoint, json === true),
    );
}
