import { AttributeIds, StatusCodes } from 'node-opcua';
import { commonVersion, UNSAID_VERSIONS } from '../core/index.ts';
import { rejected } from './errors.ts';
import type { SessionView } from './link.ts';

/** More than anybody speaks: a longer list is not looked through. */
const MOST_VERSIONS = 64;

/**
 * Reads which versions of the protocol a channel speaks, and chooses the greatest common one.
 * @param nodeId of the channel's property `ProtocolVersions`; a channel without it speaks version 0
 * @param endpointUrl for the message
 * @throws RejectedError `NO_COMMON_VERSION`, `BAD_ANSWER`
 */
export async function agreeOnVersion(view: SessionView, nodeId: string, own: readonly number[], endpointUrl: string): Promise<number> {
  const theirs = await versionsAt(view, nodeId, endpointUrl);
  const version = commonVersion(own, theirs);
  if (version !== undefined) return version;
  throw rejected(
    'NO_COMMON_VERSION',
    `${endpointUrl} speaks protocol ${listed(theirs)}, this module ${listed(own)}: they cannot work together until the older one is updated.`,
  );
}

async function versionsAt(view: SessionView, nodeId: string, endpointUrl: string): Promise<readonly number[]> {
  const { statusCode, value } = await view.session.read({ nodeId: view.nodeId(nodeId), attributeId: AttributeIds.Value });
  if (statusCode.equals(StatusCodes.BadNodeIdUnknown)) return UNSAID_VERSIONS;
  const list: unknown = value.value;
  const isList = statusCode.isGood() && (Array.isArray(list) || list instanceof Uint32Array);
  if (!isList || list.length === 0 || list.length > MOST_VERSIONS) {
    throw rejected('BAD_ANSWER', `${endpointUrl} does not say properly which protocol versions it speaks (${statusCode.name}).`);
  }
  return Array.from(list as ArrayLike<unknown>, Number);
}

function listed(versions: readonly number[]): string {
  return `version${versions.length > 1 ? 's' : ''} ${versions.join(', ')}`;
}
