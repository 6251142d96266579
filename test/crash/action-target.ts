import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';

/** Where actions arrive: a webhook, counted by the idempotency key of its calls. */
export class ActionTarget {
  readonly #server: Server;
  /** Calls by key. */
  readonly calls = new Map<string, number>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const key = String(request.headers['idempotency-key'] ?? '');
      request.resume().on('end', () => {
        this.calls.set(key, (this.calls.get(key) ?? 0) + 1);
        response.writeHead(204).end();
      });
    });
  }

  static async start(): Promise<ActionTarget> {
    const target = new ActionTarget();
    target.#server.listen(0, '127.0.0.1');
    await once(target.#server, 'listening');
    return target;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The webhook does not listen.');
    return `http://127.0.0.1:${address.port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Runs of the program by idempotency key: each appended what it was given as one line. */
export function programRuns(file: string): Map<string, number> {
  const runs = new Map<string, number>();
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const { idempotencyKey } = JSON.parse(line) as { readonly idempotencyKey: string };
    runs.set(idempotencyKey, (runs.get(idempotencyKey) ?? 0) + 1);
  }
  return runs;
}
