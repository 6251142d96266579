import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * The first of so many ports in a row on which nobody listens now. Below those that systems give to outgoing connections,
 * one of which could take it meanwhile.
 */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const servers = Array.from({ length: count }, (_, index) => createServer().listen(first + index, '127.0.0.1'));
    const outcomes = await Promise.allSettled(servers.map((server) => once(server, 'listening')));
    for (const server of servers) server.close();
    if (outcomes.every(({ status }) => status === 'fulfilled')) return first;
  }
}
