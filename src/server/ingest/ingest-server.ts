import type { Namespace } from 'node-opcua';
import { RejectedError, UnavailableError } from '../../core/index.ts';
import { type Children, INSTANCE_URI } from '../../nodeset/index.ts';
import { elementName } from '../../policy/index.ts';
import { PasswordCheck, passwordHashes, type Role, thumbprintOf, type UserEntry, Users } from '../identity/index.ts';
import type { RefusalCounter } from '../audit/index.ts';
import { finishInstances } from '../instance-texts.ts';
import { createSecureServer, type SecureServer } from '../secure-server.ts';
import type { ChannelNode } from './channel-node.ts';
import { auditIngest } from './ingest-audit.ts';
import { Gates } from './gates.ts';
import { HeldValues } from './held-values.ts';
import { IngestModel } from './model.ts';
import type { IngestConfig, IngestErrorCode, IngestHooks, IngestServer, IngestTag } from './types.ts';
import { writeTogether } from './write-together.ts';

/**
 * Starts the server that PLCs write to and operators look at. It runs in the module's own process and is the only
 * OPC UA server that has nodes for raw values.
 * @throws RejectedError `BAD_INGEST_CONFIG`; UnavailableError `PORT_IN_USE`, `START_FAILED`
 */
export async function startIngestServer(config: IngestConfig, hooks: IngestHooks): Promise<IngestServer> {
  checkNames(config);
  const { endpoint, identity, trust, instanceUri = INSTANCE_URI } = config;
  const users = usersOf(config);
  const passwords = new PasswordCheck(passwordHashes(users));
  const secure = await createSecureServer({
    endpoint,
    identity,
    trust,
    users: new Users(users, trust),
    verifyPassword: (name, password, client) => passwords.verify(name, password, thumbprintOf(client)),
    instanceUri,
  });
  try {
    const parts = build(secure, config, hooks);
    await listen(secure, config.endpoint.port);
    parts.model.showState('Running', '');
    return facade(secure, config, parts);
  } catch (error) {
    await secure.server.shutdown(0).catch(() => undefined);
    throw error;
  }
}

/** Whoever has nothing to do here is not let in: even a session that reads nothing sees names and types. */
function usersOf({ users, tags }: IngestConfig): UserEntry[] {
  const roles = new Set<Role>(['Plc', 'Operator', 'Auditor', ...tags.flatMap((tag) => tag.readableBy ?? [])]);
  return users.filter((user) => user.roles.some((role) => roles.has(role)));
}

interface Parts {
  readonly model: IngestModel;
  readonly gates: Gates;
  readonly channels: ReadonlyMap<string, ChannelNode>;
  readonly held: HeldValues;
  readonly refusals: RefusalCounter;
}

function build(secure: SecureServer, config: IngestConfig, hooks: IngestHooks): Parts {
  const { server, roles, namespaceIndex } = secure;
  const space = server.engine.addressSpace;
  if (space === null) throw new Error('The server has no address space.');
  writeTogether(server.engine);
  const model = new IngestModel(space, namespaceIndex, roles, config.machine, config.clock);
  const held = new HeldValues(
    config.channels.map(({ originMs = 0, intervalMs }) => ({ originMs, intervalMs })),
    config.clock,
  );
  const gates = new Gates(config.tags, config.clock, hooks, held);
  const tags = new Map(gates.all.map((gate) => [model.addTag(gate).toString(), gate] as const));
  const channels = new Map<string, ChannelNode>();
  for (const channel of config.channels) {
    const node = model.addChannel(channel);
    node.onAnchor(() => hooks.anchor(channel.name));
    channels.set(channel.name, node);
  }
  finishInstances(space.getNamespace(namespaceIndex) as Namespace);
  return { model, gates, channels, held, refusals: auditIngest(secure, space, config, hooks, tags) };
}

function facade(secure: SecureServer, { clock }: IngestConfig, { model, gates, channels, held, refusals }: Parts): IngestServer {
  const { server } = secure;
  return {
    endpointUrl: server.getEndpointUrl(),
    renew: (identity) => secure.renew(identity),
    trustChanged: () => secure.enforceTrust(),
    feed: (tag, offered) => gates.offer(tag, offered),
    feedArray: (tag, offered) => gates.offerArray(tag, offered),
    tagStatus: (tag) => gates.statusOf(tag),
    publishModuleState: (state, text = '') => model.showState(state, text),
    publishBatch: (channel, batch, happening) => known(channels, channel, 'UNKNOWN_CHANNEL').publish(batch, happening, clock.now()),
    publishOperation: (channel, operation) => known(channels, channel, 'UNKNOWN_CHANNEL').operation.show(operation, clock.now()),
    stop: async () => {
      held.clear();
      await server.shutdown(0);
      refusals.flush();
    },
  };
}

async function listen({ server }: SecureServer, port: number): Promise<void> {
  try {
    await server.start();
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
    const [code, message] = why.includes('EADDRINUSE')
      ? (['PORT_IN_USE', `Port ${port} for the ingest server is in use. Stop what listens there, or configure another port.`] as const)
      : (['START_FAILED', `The ingest server could not start on port ${port}: ${why}. Check its host and port.`] as const);
    throw new UnavailableError<IngestErrorCode>(code, message, { cause });
  }
}

function checkNames({ tags, channels }: IngestConfig): void {
  checkUnique(
    'channel',
    channels.map((channel) => channel.name),
  );
  checkUnique(
    'tag',
    tags.flatMap((tag) => namesTakenBy(tag)),
  );
}

/** A tag takes the NodeIds of its children, too: `a-LastTime` may be no tag beside `a`. An array takes the names of its elements. */
function namesTakenBy({ name, length = 0 }: IngestTag): string[] {
  const children: Children['TagType'][] = ['LastStatus', 'LastTime', 'AcceptedCount', 'RefusedCount'];
  return [name, ...children.map((child) => `${name}-${child}`), ...Array.from({ length }, (_, index) => elementName(name, index))];
}

function checkUnique(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    const fault = !/^[^\p{Cc}]{1,300}$/u.test(name)
      ? 'is empty, too long or has control characters'
      : seen.has(name)
        ? 'stands twice'
        : undefined;
    if (fault !== undefined) {
      throw new RejectedError<IngestErrorCode>('BAD_INGEST_CONFIG', `The ${what} name ${JSON.stringify(name)} ${fault}. Rename it.`);
    }
    seen.add(name);
  }
}

function known<Value>(map: ReadonlyMap<string, Value>, name: string, code: IngestErrorCode): Value {
  const value = map.get(name);
  if (value === undefined) throw new RejectedError<IngestErrorCode>(code, `The ingest server has no ${JSON.stringify(name)}.`);
  return value;
}
