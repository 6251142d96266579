import { fromBase64Url, toBase64Url } from '../../core/index.ts';
import type { TrustMaterial } from '../identity/index.ts';
import type { TrustMessage } from './contract.ts';

/** Trust as it goes through the pipe. */
export function trustMessage({ trusted, issuers, revocationLists, revocationUnknown, renewals, ...rules }: TrustMaterial): TrustMessage {
  return {
    trusted: trusted.map(toBase64Url),
    issuers: issuers.map(toBase64Url),
    revocationLists: revocationLists.map(toBase64Url),
    revocationUnknown: [...revocationUnknown],
    renewals: { ...renewals },
    revocation: rules.revocation,
    isIncomplete: rules.isIncomplete,
  };
}

export function trustOf({ trusted, issuers, revocationLists, ...rules }: TrustMessage): TrustMaterial {
  return {
    trusted: trusted.map(fromBase64Url),
    issuers: issuers.map(fromBase64Url),
    revocationLists: revocationLists.map(fromBase64Url),
    ...rules,
  };
}
