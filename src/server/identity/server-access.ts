import {
  type NodeId,
  type OPCUAServer,
  type OPCUAServerOptions,
  ObjectIds,
  resolveNodeId,
  type ServerSession,
  SessionContext,
} from 'node-opcua';
import type { Bytes } from '../../core/index.ts';
import { leafOf } from './certificate-facts.ts';
import { isTooLong } from './login-limits.ts';
import type { Role, RoleIds } from './roles.ts';
import { roleResolver, type Users } from './users.ts';

type UserManager = NonNullable<OPCUAServerOptions['userManager']>;

/** @param client certificate of the application that asks, whose key it has proven to have; DER */
export type VerifyPassword = (name: string, password: string, client: Bytes) => Promise<boolean>;

/**
 * The `userManager` option of a server. Roles come from the resolver alone: node-opcua asks here by common name, which
 * anybody can choose, and adds what the resolvers say to the very array returned, so each call needs a new one.
 */
export function userManager(users: Users, verify: VerifyPassword): UserManager {
  return {
    getUserRoles: () => [],
    // node-opcua binds `this` to the session whose activation it checks, after the client's signature.
    isValidUserAsync(this: ServerSession, name: string, password: string, callback: (error: Error | null, valid?: boolean) => void) {
      const certificate = this.channel?.clientCertificate;
      if (!certificate || isTooLong(name, password)) return callback(null, false);
      // A certificate user's name is verified too, so that time tells nobody which names exist.
      verify(name, password, leafOf(certificate)).then(
        (valid) => callback(null, valid && users.hasPasswordUser(name)),
        () => callback(null, false),
      );
    },
  };
}

/**
 * Makes a server evaluate permissions by our users: after `initialize()` and `installRoles`, before `start()`. Each
 * activated session keeps its roles, so that reads and writes need not parse the certificate again, and goes by the
 * configured user's name instead of the certificate's common name, in method calls too.
 */
export function useUsers(server: OPCUAServer, users: Users, ids: RoleIds): void {
  server.roleResolvers.push(roleResolver(users, ids));
  server.on('session_activated', (session: ServerSession) => {
    const user = users.of(session.userIdentityToken);
    const roles = rolesOf(user?.roles ?? [], ids);
    const pin = (context: SessionContext): SessionContext => {
      context.getCurrentUserRoles = () => roles.slice();
      context.getUserName = () => user?.name ?? 'anonymous';
      return context;
    };
    const context = session.sessionContext as SessionContext;
    pin(context);
    // A session that changes its user is pinned again: the derivation must start from the class's own.
    context.withRequestHeader = (header) =>
      pin(SessionContext.prototype.withRequestHeader.call<SessionContext, [typeof header], SessionContext>(context, header));
  });
}

function rolesOf(roles: readonly Role[], ids: RoleIds): NodeId[] {
  const standing = roles.length === 0 ? ObjectIds.WellKnownRole_Anonymous : ObjectIds.WellKnownRole_AuthenticatedUser;
  return [...roles.map((role) => ids[role]), resolveNodeId(standing)];
}
