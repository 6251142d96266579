import type { Agreement } from '../agreement/index.ts';
import type { ClearedServerConfig, MachineIdentification } from '../server/index.ts';

/** The machine in a configuration. */
export interface MachineConfig {
  readonly name: string;
  readonly manufacturer?: string;
  readonly serialNumber?: string;
  readonly productInstanceUri?: string;
  readonly model?: string;
}

/** How a cleared server presents what it shows. */
export interface ClearedViewConfig {
  /** Language for sessions that ask for none of ours; en where absent. */
  readonly locale?: 'en' | 'de';
  /** Conditions of this importance and above raise the alarm, 1 to 1000; 401 where absent. */
  readonly alarmFrom?: number;
}

/** No serial number is known; the nodes of Machinery ask for one. */
const NO_SERIAL_NUMBER = '0';

/**
 * The machine as a cleared server names it. Its manufacturer is the agreement's: the configuration's name could tell one
 * manufacturer of another one's channel.
 * @param fallback name of a machine that no configuration names
 */
export function machineShown(agreement: Agreement, machine: MachineConfig | undefined, fallback: string): MachineIdentification {
  const { productInstanceUri, model } = machine ?? {};
  return {
    name: machine?.name ?? fallback,
    manufacturer: agreement.manufacturer.name,
    serialNumber: machine?.serialNumber ?? NO_SERIAL_NUMBER,
    ...(productInstanceUri === undefined ? {} : { productInstanceUri }),
    ...(model === undefined ? {} : { model }),
  };
}

export function viewOf({ locale, alarmFrom }: ClearedViewConfig): Pick<ClearedServerConfig, 'locale' | 'alarmFrom'> {
  return { ...(locale === undefined ? {} : { locale }), ...(alarmFrom === undefined ? {} : { alarmFrom }) };
}
