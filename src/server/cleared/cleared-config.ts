import type { Bytes } from '../../core/index.ts';
import type { ApplicationIdentity, Role, TrustMaterial, UserEntry } from '../identity/index.ts';
import type { MachineIdentification } from '../machine-node.ts';
import type { ClearedStream, MethodName } from './contract.ts';

/** What a cleared server shows, to whom, and where. */
export interface ClearedServerConfig {
  /** Address to listen on. */
  readonly host: string;
  /** 0 takes a free port, which is kept over restarts. */
  readonly port: number;
  /** The name in endpoint URLs: it must resolve for every client and stand in the certificate. */
  readonly hostname: string;
  readonly alternateHostnames?: readonly string[];
  /** Further URLs under which clients reach it. */
  readonly advertisedEndpoints?: readonly string[];
  /** Sessions at a time; 100 where absent. */
  readonly maxSessions?: number;
  readonly identity: ApplicationIdentity;
  /** The client applications that may connect: exactly these certificates (DER), or a whole trust list; see `setTrusted`. */
  readonly trusted: readonly Bytes[] | TrustMaterial;
  /** Users without one of the reading roles get no session. Password hashes stay in this process. */
  readonly users: readonly UserEntry[];
  /** Who may read; Manufacturer and Auditor where absent. */
  readonly readers?: readonly Role[];
  /** The machine under Objects/Machines. */
  readonly machine: MachineIdentification;
  /** Conditions of this importance and above raise the alarm, 1 to 1000; 401 where absent. */
  readonly alarmFrom?: number;
  /** `id` and `ledgerId` in base64url. */
  readonly channel: {
    readonly name: string;
    readonly id: string;
    readonly ledgerId: string;
    readonly agreementVersion: number;
    readonly intervalMs: number;
    /** That the module behind it speaks; those of this program where absent. */
    readonly protocolVersions?: readonly number[];
  };
  readonly streams: readonly ClearedStream[];
  /** The methods offered; all where absent. Those that only pass data on offer none. */
  readonly methods?: readonly MethodName[];
  /** Language of texts; en where absent. */
  readonly locale?: 'en' | 'de';
  readonly instanceUri?: string;
}
