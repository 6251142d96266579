import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { auditCommand } from './audit.ts';
import { tellFaultsOf } from './command-line.ts';
import { conformanceCommand } from './conformance.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { fabricCommand } from './fabric.ts';
import { initCommand } from './init.ts';
import { ledgerCommand } from './ledger.ts';
import { nodesetCommand } from './nodeset.ts';
import { passwordCommand } from './password.ts';
import { policyCommand } from './policy.ts';
import { replayCommand } from './replay.ts';
import { receiveCommand, serveCommand } from './modules.ts';
import { storeCommand } from './store.ts';
import { tagsCommand } from './tags.ts';
import { trustCommand } from './trust.ts';

/** The program with all its commands. Nothing is read or loaded before a command runs. */
export function dcmbProgram(): Command {
  const program = new Command('dcmb')
    .description(
      'Exchange cleared machine conditions over OPC UA, with evidence on a ledger that everybody can audit without seeing the data.',
    )
    .version(manifest.version);

  for (const command of [
    demoCommand(),
    initCommand(),
    serveCommand(),
    receiveCommand(),
    replayCommand(),
    trustCommand(),
    auditCommand(),
    doctorCommand(),
    storeCommand(),
    fabricCommand(),
    ledgerCommand(),
    policyCommand(),
    tagsCommand(),
    nodesetCommand(),
    conformanceCommand(),
    passwordCommand(),
  ]) {
    program.addCommand(command);
  }
  tellFaultsOf(program);
  return program;
}
