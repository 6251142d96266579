import { type ISessionContext, UserNameIdentityToken, X509IdentityToken } from 'node-opcua';
import { leafOf, thumbprintOf } from '../identity/index.ts';

const known = new WeakMap<object, string>();

/** Who a session stands for, as ClientUserId of its audits: `x509:` and the SHA-256 thumbprint, or the user name. */
export function userIdOf(context: ISessionContext): string {
  const token = context.session?.userIdentityToken;
  if (token === undefined) return '';
  const id = known.get(token) ?? idOf(token);
  known.set(token, id);
  return id;
}

function idOf(token: object): string {
  if (token instanceof X509IdentityToken) return `x509:${thumbprintOf(leafOf(token.certificateData))}`;
  return token instanceof UserNameIdentityToken ? (token.userName ?? '') : '';
}
