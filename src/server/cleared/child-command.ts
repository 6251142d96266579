import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How to start a script with the least rights that this platform gives. */
export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Kills the child with its parent even when it hangs, and keeps it from gaining rights. From util-linux. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];
const SETPRIV_ARGS = ['--pdeathsig', 'KILL', '--no-new-privs', '--inh-caps=-all'];
/** From this version on, Node's permission model covers the network too. */
const NODE_WITH_NETWORK_PERMISSION = 25;

/**
 * Node's permission model for a cleared server: reading its own code, listening on the network, nothing else; no
 * writing, no processes, no workers, no native addons, an empty environment. It guards against mistakes and against
 * bugs in what parses a client's bytes, not against native code that has been taken over: see docs/cleared-server.md.
 */
export function childCommand(script: URL): ChildCommand {
  const file = fileURLToPath(script);
  const rights = ['--permission', ...readable(file).map((path) => `--allow-fs-read=${path}`)];
  if (Number.parseInt(process.versions.node, 10) >= NODE_WITH_NETWORK_PERMISSION) rights.push('--allow-net');
  const node = [process.execPath, ...rights, '--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning', file];
  const setpriv = process.platform === 'linux' ? SETPRIV.find((path) => existsSync(path)) : undefined;
  const [command = process.execPath, ...args] = setpriv === undefined ? node : [setpriv, ...SETPRIV_ARGS, '--', ...node];
  // Windows opens no sockets without it.
  const systemRoot = process.platform === 'win32' ? process.env['SystemRoot'] : undefined;
  return { command, args, env: systemRoot === undefined ? {} : { SystemRoot: systemRoot } };
}

/** The code of this package and of the packages it uses: sources beside the script, nodesets, every node_modules above. */
function readable(file: string): string[] {
  const code = dirname(dirname(dirname(file)));
  const root = dirname(code);
  const paths = [code, join(root, 'nodesets'), join(root, 'package.json')];
  for (let folder = root; ; folder = dirname(folder)) {
    paths.push(join(folder, 'node_modules'));
    if (folder === dirname(folder)) break;
  }
  const there = paths.filter((path) => existsSync(path));
  return [...new Set(there.flatMap((path) => [path, realpathSync(path)]))];
}
