import { type Bytes, RejectedError, toBase64Url } from '../../core/index.ts';
import {
  type ApplicationIdentity,
  MaterialTrust,
  onlyThese,
  PasswordCheck,
  passwordHashes,
  requireSameApplication,
  type TrustMaterial,
  type UserEntry,
} from '../identity/index.ts';
import { AlarmMemory } from './alarm-memory.ts';
import { layoutOf } from './channel-layout.ts';
import type { ClearedServerConfig } from './cleared-config.ts';
import { childHandlers } from './child-handlers.ts';
import { conditionsOf } from './conditions.ts';
import { type ClearedBatchState, type ClearedPublication, type StartConfig } from './contract.ts';
import type { ClearedErrorCode } from './errors.ts';
import type { ClearedServerHooks } from './hooks.ts';
import { ShownState } from './shown-state.ts';
import { Supervisor } from './supervisor.ts';
import { trustMessage } from './trust-message.ts';

export interface ClearedServer {
  readonly endpointUrl: string;
  /** False while the child process is being started again. */
  readonly isServing: boolean;
  /** Of the child process; undefined while there is none. */
  readonly processId: number | undefined;
  /** Hands over conditions ahead of their time. @throws RejectedError `UNKNOWN_CONDITION` */
  publish(publications: readonly ClearedPublication[]): void;
  /** Tells what became of a batch; clients see it at the next grid point. */
  batchState(n: number, state: Omit<ClearedBatchState, 'n'>): void;
  /** Replaces the trust list; connections of those no longer on it are closed. */
  setTrusted(trusted: readonly Bytes[] | TrustMaterial): void;
  /** Takes a renewed certificate of the same application: for new secure channels, without a stop. @throws RejectedError `OWN_CERTIFICATE_UNFIT` */
  renew(identity: ApplicationIdentity): void;
  stop(): Promise<void>;
}

/**
 * Starts a cleared server in a process of its own, with the least rights that the platform gives, and keeps it running:
 * a process that ends, hangs or breaks the pipe's rules is replaced and shown again what it had shown.
 * @throws UnavailableError `CLEARED_PORT_IN_USE`; RejectedError `CLEARED_START_FAILED`, and those of `PasswordCheck`
 */
export async function startClearedServer(config: ClearedServerConfig, hooks: ClearedServerHooks): Promise<ClearedServer> {
  const passwords = new PasswordCheck(passwordHashes(config.users));
  const shown = new ShownState();
  const alarms = new AlarmMemory(config.streams.length);
  const start: StartConfig = startConfig(config);
  const trust = new MaterialTrust(materialOf(config.trusted));
  const supervisor = new Supervisor({
    config: () => ({ ...start, shown: shown.shown(Date.now()), states: shown.states(), alarms: alarms.all() }),
    waiting: () => shown.waiting(Date.now()),
    handlers: childHandlers(hooks, passwords, (certificate) => trust.accepts(certificate), alarms),
    event: (event) => hooks.event?.(event),
  });
  const port = await supervisor.start();
  start.endpoint.port = port;
  return serverOver(config, { start, trust, supervisor, shown });
}

interface ServerParts {
  readonly start: StartConfig;
  readonly trust: MaterialTrust;
  readonly supervisor: Supervisor;
  readonly shown: ShownState;
}

function materialOf(trusted: readonly Bytes[] | TrustMaterial): TrustMaterial {
  return 'issuers' in trusted ? trusted : onlyThese(trusted);
}

function serverOver(config: ClearedServerConfig, { start, trust, supervisor, shown }: ServerParts): ClearedServer {
  const codes = config.streams.map((stream) => conditionsOf(stream));
  return {
    endpointUrl: `opc.tcp://${config.hostname}:${start.endpoint.port}`,
    get isServing() {
      return supervisor.isServing;
    },
    get processId() {
      return supervisor.processId;
    },
    publish(publications) {
      if (publications.some(({ stream, code }) => codes[stream]?.has(code) !== true)) {
        throw new RejectedError<ClearedErrorCode>(
          'UNKNOWN_CONDITION',
          'A publication names a stream or a condition code that the agreement does not have.',
        );
      }
      shown.publish(publications, Date.now());
      supervisor.notice('publish', { publications: [...publications] });
    },
    batchState(n, state) {
      shown.batchState({ n, ...state });
      supervisor.notice('batchState', { n, ...state });
    },
    setTrusted(trusted) {
      const material = materialOf(trusted);
      trust.replace(material);
      start.trust = trustMessage(material);
      supervisor.notice('trust', start.trust);
    },
    renew(identity) {
      requireSameApplication(config.identity, identity);
      start.identity = identityMessage(identity);
      supervisor.notice('identity', start.identity);
    },
    stop: () => supervisor.stop(),
  };
}

function identityMessage({ certificate, privateKeyPem }: ApplicationIdentity): StartConfig['identity'] {
  return { certificate: toBase64Url(certificate), privateKeyPem };
}

function startConfig(config: ClearedServerConfig): StartConfig {
  const readers = config.readers ?? ['Manufacturer', 'Auditor'];
  const users = config.users.filter((user) => user.roles.some((role) => readers.includes(role)));
  return {
    endpoint: {
      host: config.host,
      port: config.port,
      hostname: config.hostname,
      alternateHostnames: [...(config.alternateHostnames ?? [])],
      advertisedEndpoints: [...(config.advertisedEndpoints ?? [])],
      maxSessions: config.maxSessions ?? 100,
    },
    identity: identityMessage(config.identity),
    trust: trustMessage(materialOf(config.trusted)),
    users: users.map(withoutSecret),
    ...layoutOf(config),
    readers: [...readers],
  };
}

function withoutSecret({ name, roles, certificate, password }: UserEntry): StartConfig['users'][number] {
  return {
    name,
    roles: [...roles],
    ...(certificate === undefined ? {} : { certificate }),
    ...(password === undefined ? {} : { password: true as const }),
  };
}
