import { spawn } from 'node:child_process';
import { TagWriter } from '../client/index.ts';
import { type UaValue, UnavailableError } from '../core/index.ts';
import type { ActionConfig, ManufacturerConfig } from './config.ts';
import type { ConditionSeen } from './events.ts';
import { linkOptions, trustListOf } from './link-access.ts';
import { loadIdentity } from './plant-identities.ts';

/** What an action is told: the condition, and a key that is the same for every repetition of the same action. */
export interface ActionCall {
  readonly idempotencyKey: string;
  readonly channel: string;
  readonly batch: number;
  readonly interval: number;
  readonly condition: ConditionSeen;
}

export interface ActPlace {
  /** Folder of the certificates with which an OPC UA server is reached. */
  readonly pki: string;
  readonly crl?: ManufacturerConfig['crl'];
  readonly timeoutMs: number;
  /** Aborted where the module can wait no longer. The action may have taken effect all the same. */
  readonly signal: AbortSignal;
}

/**
 * Does once what an action is configured to do.
 * @throws UnavailableError `ACTION_FAILED`, or what network and system say; whether it took effect is then unknown
 */
export async function act(action: ActionConfig, call: ActionCall, place: ActPlace): Promise<void> {
  const limit = AbortSignal.any([place.signal, AbortSignal.timeout(place.timeoutMs)]);
  if (action.webhook !== undefined) return postWebhook(action.webhook.url, call, limit);
  if (action.program !== undefined) return runProgram(action.program.command, call, limit);
  if (action.write !== undefined) return within(limit, writeCode(action.write, call.condition.code, place));
}

async function postWebhook(url: string, call: ActionCall, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': call.idempotencyKey },
    body: JSON.stringify(call),
    signal,
    redirect: 'error',
  }).catch((error: unknown) => {
    throw signal.aborted
      ? failed('The webhook did not answer in time.', error)
      : failed(`The webhook can't be reached (${causeOf(error)}).`, error);
  });
  // What it says besides is nobody's business here, and may be without end.
  await response.body?.cancel();
  if (!response.ok) throw failed(`The webhook answered ${response.status}.`);
}

function runProgram(command: readonly string[], call: ActionCall, signal: AbortSignal): Promise<void> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    const end = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', end);
    child.on('error', reject);
    child.on('close', (code, killer) => {
      signal.removeEventListener('abort', end);
      if (code === 0) resolve();
      else if (signal.aborted) reject(failed(`The program did not end in time (${killer ?? `exit code ${code}`}).`));
      else reject(failed(`The program ended with ${killer ?? `exit code ${code}`}.`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(call)}\n`);
  });
}

async function writeCode(target: NonNullable<ActionConfig['write']>, code: number, { pki, crl, timeoutMs }: ActPlace): Promise<void> {
  const identity = loadIdentity(pki, 'receiver');
  const link = linkOptions(target.endpointUrl, identity, trustListOf({ pki, crl }, 'receiver'), target.user);
  const writer = new TagWriter({ ...link, requestTimeoutMs: timeoutMs });
  await writer.connect();
  try {
    const value: UaValue = { type: target.type ?? 'Int32', value: code };
    const [result] = await writer.write([{ nodeId: target.nodeId, value }]);
    if (result?.accepted !== true) throw failed(`The server answered ${result?.status ?? 'nothing'}.`);
  } finally {
    await writer.close();
  }
}

/** What goes on after the limit ends by itself: its own requests have a timeout. */
function within(signal: AbortSignal, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(failed('The server did not answer in time.'));
    signal.addEventListener('abort', end);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}

function failed(message: string, cause?: unknown): UnavailableError<'ACTION_FAILED'> {
  return new UnavailableError('ACTION_FAILED', message, { cause });
}

/** A failed fetch says only "fetch failed"; why stands in its cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? (cause instanceof Error ? cause.message : String(cause));
}
