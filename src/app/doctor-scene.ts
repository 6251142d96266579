import type { Bytes, Clock } from '../core/index.ts';
import type { Checks } from './doctor-report.ts';

/** Reads from the network as one organisation. */
export interface NetworkReader {
  /**
   * @param at organisation whose peers execute it; the own one where absent
   * @throws Error with the peer's own words in its message
   */
  evaluate(chaincode: string, name: string, args: readonly (string | Bytes)[], at?: string): Promise<Bytes>;
}

/** Whom the doctor asks, as whom, and about what. */
export interface NetworkScene {
  readonly checks: Checks;
  readonly config: { readonly id: string; readonly fabricChannel: string; readonly chaincode: string };
  readonly organisation: string;
  readonly clock: Clock;
  readonly network: NetworkReader;
  /** Who issued the own certificate. */
  readonly issuer: string;
}
