import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import * as v from 'valibot';
import { errnoOf } from './files.ts';

/**
 * A process that cannot be mistaken for a later one of the same number: number and moment of its start, as the system
 * tells it.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

const IdentityShape = v.object({ pid: v.pipe(v.number(), v.integer(), v.minValue(1)), start: v.string() });

const GONE: readonly string[] = ['ENOENT', 'ESRCH'];

/** The process as it runs now; undefined where there is none, or only its remains that nobody has collected. */
export function identify(pid: number): ProcessIdentity | undefined {
  const start = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return start === undefined ? undefined : { pid, start };
}

/** Of which process a text tells; `undefined` where it tells of none, as after a power cut that left the file empty. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const parsed = v.safeParse(IdentityShape, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** The process that was started with exactly these words in this working folder; on Linux only. */
export function findProcess(words: readonly string[], folder: string): ProcessIdentity | undefined {
  if (process.platform !== 'linux') return undefined;
  const wanted = `${words.join('\0')}\0`;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== `${process.pid}`);
  const found = pids.find((pid) => readText(`/proc/${pid}/cmdline`) === wanted && folderOf(pid) === folder);
  return found === undefined ? undefined : identify(Number(found));
}

/** True while this very process runs. */
export function isRunning({ pid, start }: ProcessIdentity): boolean {
  return identify(pid)?.start === start;
}

/**
 * Fields 3 (state) and 22 (start, in clock ticks since the machine's) of /proc/PID/stat, see proc_pid_stat(5). Where the first
 * thread has ended and others have not, the process still has its sockets.
 */
function startOnLinux(pid: number): string | undefined {
  const text = readText(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields?.[0], fields?.[19]];
  if (ticks === undefined || ((state === 'Z' || state === 'X') && threadCount(pid) <= 1)) return undefined;
  return `${readText('/proc/sys/kernel/random/boot_id')?.trim()} ${ticks}`;
}

function threadCount(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch (error) {
    if (GONE.includes(errnoOf(error))) return 0;
    throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (GONE.includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Empty where that is not ours to know. */
function folderOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function startByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.slice(line.indexOf(' ')).trim();
  } catch {
    return undefined;
  }
}
