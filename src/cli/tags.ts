import { Command } from 'commander';
import type { PolicyAddition, TagImport } from '../app/index.ts';
import { printable, printableJson } from './printable.ts';

export function tagsCommand(): Command {
  const tags = new Command('tags').description('tags of a mapping policy: import');
  tags
    .command('import')
    .description("make tags of a PLC's list: CSV with the headings Name and Type, or an exported address space (NodeSet2, .xml)")
    .argument('<file>', 'list of tags')
    .option('--into <policy>', 'mapping policy to add them to; else they are printed, to be copied')
    .action(async (file: string, { into }: { readonly into?: string }) => {
      const { addTagsToPolicy, importTags } = await import('../app/index.ts');
      const found = importTags(file);
      for (const line of found.left) process.stderr.write(`left out: ${printable(line)}\n`);
      for (const name of found.arrays.map(printable)) {
        process.stderr.write(`not in "nodes": ${name} is an array; name a node for each element that is to be read, as "${name}[0]"\n`);
      }
      if (into === undefined) process.stdout.write(`${printableJson(fragment(found), 2)}\n`);
      else process.stdout.write(`${additionLines(into, await addTagsToPolicy(into, found.tags), found).join('\n')}\n`);
    });
  return tags;
}

function fragment({ tags, nodes }: TagImport): object {
  return Object.keys(nodes).length === 0 ? { tags } : { tags, nodes };
}

function additionLines(policy: string, { added, kept }: PolicyAddition, { nodes }: TagImport): string[] {
  const was = kept.length === 0 ? '' : `; ${kept.length} stood there already`;
  return [
    `${policy}: ${added.length} ${added.length === 1 ? 'tag' : 'tags'} added${was}.`,
    `Next: write streams that use them, then  dcmb policy check ${policy}`,
    ...(Object.keys(nodes).length === 0
      ? []
      : [
          'To read them from the PLC instead of waiting for writes, in "ingest" of the owner\'s configuration:',
          printableJson({ plc: { endpointUrl: 'opc.tcp://…', nodes } }, 2),
        ]),
  ];
}
