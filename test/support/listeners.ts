import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process listens on. */
export interface Listener {
  readonly protocol: 'tcp' | 'tcp6' | 'udp' | 'udp6';
  /** As 127.0.0.1, or the 32 hexadecimal digits of an IPv6 address as the system writes them. */
  readonly address: string;
  readonly port: number;
}

const LISTENING = '0A';

/** All sockets of a process that take connections or datagrams, from the system's own tables (proc_net(5)). */
export function listenersOf(pid: number): Listener[] {
  const sockets = socketsOf(pid);
  return (['tcp', 'tcp6', 'udp', 'udp6'] as const).flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, ...rest]) => (protocol.startsWith('udp') || state === LISTENING) && sockets.has(rest[5] ?? ''))
      .map(([, local = '']) => ({ protocol, ...place(local) })),
  );
}

/** Inodes of a process's sockets. */
function socketsOf(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`))?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

/** A descriptor may be closed while the list of them is read. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function place(local: string): { address: string; port: number } {
  const [hex = '', port = ''] = local.split(':');
  const bytes = Buffer.from(hex, 'hex').reverse();
  return { address: bytes.length === 4 ? bytes.join('.') : hex, port: Number.parseInt(port, 16) };
}
