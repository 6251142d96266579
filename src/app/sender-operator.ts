import { DcmbError } from '../core/index.ts';
import { cachePolicy } from '../transfer/index.ts';
import { alarmLimits } from './alarm-limits.ts';
import { messageOf } from './message-of.ts';
import type { ModulePorts } from './module-options.ts';
import type { SenderStatus } from './module-status.ts';
import type { SenderFiles } from './sender-files.ts';
import { type FigureSources, SenderOperations, type SenderPhase } from './sender-operations.ts';
import type { MethodHooks } from './sender-servers.ts';

/** What the module's operators are told of one channel. */
export class SenderOperator {
  readonly #operations: SenderOperations;
  readonly #changed: () => void;
  /** The module's ports; what the channel tells is counted and logged on its way to the listener. */
  readonly ports: ModulePorts;

  /** @param changed called where something is other than before, and need not wait */
  constructor({ config, loaded }: SenderFiles, ports: ModulePorts, changed: () => void) {
    const [own] = config.channels;
    const { params } = loaded.terms;
    this.#operations = new SenderOperations({
      channel: own.name,
      params,
      limits: alarmLimits(params, own.alarms),
      cachePolicy: cachePolicy(own.cache),
      clock: ports.clock,
    });
    this.ports = ports;
    this.#changed = changed;
  }

  status(): SenderStatus {
    return this.#operations.status();
  }

  /** @param text what lacks or went wrong, for a person; no raw values in it */
  phase(phase: SenderPhase, text = ''): void {
    this.#operations.phase(phase, text);
    this.#changed();
  }

  /** Something that its start needs is not there, and may come. */
  waits(error: unknown): void {
    this.phase('Starting', messageOf(error));
    this.warn('CHANNEL_WAITS', error);
  }

  /** The store has a fault that may pass: no values are taken, and it is opened again. */
  faulted(error: unknown): void {
    this.detach();
    this.phase('Faulted', messageOf(error));
    this.warn('STORE_FAULT', error);
  }

  /** The channel can't go on. @param isLast nor can any other: the module has failed */
  failed(error: unknown, isLast: boolean): void {
    this.detach();
    this.phase('Stopping', messageOf(error));
    this.ports.listener({ event: isLast ? 'failed' : 'channel-failed', message: messageOf(error), ...codeOf(error) });
  }

  warn(code: string, error: unknown): void {
    this.ports.listener({ event: 'warning', code, message: messageOf(error) });
  }

  /** From here on figures come from this store. */
  attach(sources: FigureSources): void {
    this.#operations.attach(sources);
  }

  /** The store is about to be closed. */
  detach(): void {
    this.#operations.detach();
  }

  /** The same methods, each call of the manufacturer's module being noticed. */
  watching(methods: MethodHooks): MethodHooks {
    const seen = <Arguments extends unknown[], Result>(method: (...args: Arguments) => Result) => {
      return (...args: Arguments): Result => {
        this.#operations.receiverSeen();
        return method(...args);
      };
    };
    return {
      // Auditors ask for these, too.
      getEvidence: (n) => methods.getEvidence(n),
      history: (query) => methods.history(query),
      fetchDelivery: seen((n) => methods.fetchDelivery(n)),
      epochProposal: seen((k) => methods.epochProposal(k)),
      acknowledge: seen((receipt) => methods.acknowledge(receipt)),
      countersigned: seen((envelope) => methods.countersigned(envelope)),
    };
  }
}

function codeOf(error: unknown): { readonly code?: string } {
  return error instanceof DcmbError ? { code: (error as DcmbError).code } : {};
}
