import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../support/pause.ts';

const SNAPSHOT_BYTES = 262_144;
const READY_WITHIN_MS = 10_000;
/** What the kernel has captured is written a little later. */
const SETTLE_MS = 1000;

/** What went over the loopback, by direction: `49152>48400`. */
export type Flows = ReadonlyMap<string, Buffer>;

/** A capture of the loopback by tcpdump, which has to run as root or with the capability to capture. */
export class Capture {
  readonly #folder = mkdtempSync(join(tmpdir(), 'dcmb-capture-'));
  readonly #ports: readonly number[];
  #process: ChildProcess | undefined;

  constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** @throws Error where tcpdump is not there or may not capture */
  async start(): Promise<void> {
    const filter = `tcp and (${this.#ports.map((port) => `port ${port}`).join(' or ')})`;
    const file = join(this.#folder, 'loopback.pcap');
    const given = ['-i', 'lo', '-s', String(SNAPSHOT_BYTES), '-B', '65536', '-U', '--immediate-mode', '-w', file, filter];
    const process = spawn('tcpdump', given, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = process;
    let told = '';
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`tcpdump ${why}: ${told} (Debian package tcpdump, run as root)`));
      const timer = setTimeout(() => fail('is not ready'), READY_WITHIN_MS);
      process.once('error', (error) => fail(error.message));
      process.once('exit', (code) => fail(`ended with code ${String(code)}`));
      process.stderr.on('data', (text: Buffer) => {
        told += text.toString();
        if (!told.includes('listening on')) return;
        clearTimeout(timer);
        process.removeAllListeners('exit');
        resolve();
      });
    });
  }

  /** Ends the capture. @returns what came over the ports; @throws Error where the kernel dropped packets */
  async stop(): Promise<Flows> {
    const process = this.#process;
    if (process === undefined) throw new Error('The capture was not started.');
    let told = '';
    process.stderr?.on('data', (text: Buffer) => {
      told += text.toString();
    });
    await pause(SETTLE_MS);
    const ended = once(process, 'close');
    process.kill('SIGINT');
    await ended;
    const flows = flowsOf(readFileSync(join(this.#folder, 'loopback.pcap')));
    rmSync(this.#folder, { recursive: true });
    if (!/^0 packets dropped by kernel/m.test(told)) throw new Error(`The capture is not whole: ${told}`);
    return flows;
  }
}

const GLOBAL_HEADER = 24;
const PACKET_HEADER = 16;
const ETHERNET_HEADER = 14;
const IPV6 = 0x86dd;
const IPV6_HEADER = 40;

/** The payloads of a pcap file's TCP segments, joined by direction in the order of their arrival; the loopback loses none. */
export function flowsOf(file: Buffer): Flows {
  const parts = new Map<string, Buffer[]>();
  for (let at = GLOBAL_HEADER; at + PACKET_HEADER <= file.length;) {
    const length = file.readUInt32LE(at + 8);
    const segment = segmentOf(file.subarray(at + PACKET_HEADER, at + PACKET_HEADER + length));
    if (segment.payload.length > 0) {
      const flow = parts.get(segment.flow);
      if (flow === undefined) parts.set(segment.flow, [segment.payload]);
      else flow.push(segment.payload);
    }
    at += PACKET_HEADER + length;
  }
  return new Map([...parts].map(([flow, payloads]) => [flow, Buffer.concat(payloads)]));
}

function segmentOf(frame: Buffer): { flow: string; payload: Buffer } {
  const packet = frame.subarray(ETHERNET_HEADER);
  const isV6 = frame.readUInt16BE(12) === IPV6;
  const header = isV6 ? IPV6_HEADER : ((packet[0] ?? 0) & 0x0f) * 4;
  const total = isV6 ? IPV6_HEADER + packet.readUInt16BE(4) : packet.readUInt16BE(2);
  const segment = packet.subarray(header, total === 0 ? packet.length : total); // 0 where the segment is larger than 64 KiB
  const offset = ((segment[12] ?? 0) >> 4) * 4;
  return { flow: `${segment.readUInt16BE(0)}>${segment.readUInt16BE(2)}`, payload: segment.subarray(offset) };
}
