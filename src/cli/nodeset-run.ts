import { writeFileSync } from 'node:fs';
import { exportNodeset, type NodesetChoice, RejectedError } from '../app/index.ts';

/** Prints the address space or writes it to a file, which must not be there. */
export async function runNodesetExport(file: string, choice: NodesetChoice, out: string | undefined): Promise<void> {
  const xml = await exportNodeset(file, choice);
  if (out === undefined) {
    process.stdout.write(xml);
    return;
  }
  try {
    writeFileSync(out, xml, { flag: 'wx' });
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'it is there already' : 'it can’t be written';
    throw new RejectedError('BAD_FILE', `${out}: ${why}. Give another path to --out.`, { cause });
  }
  process.stdout.write(`${out}: load it after the nodesets DI, IA, Machinery (OPC Foundation) and nodesets/dcmb.NodeSet2.xml.\n`);
}
