import { type Bytes, fromBase64Url, type Json, RejectedError } from '../../core/index.ts';
import { type PasswordCheck, thumbprintOf } from '../identity/index.ts';
import type { Handlers } from '../pipe/index.ts';
import { AuditLimit } from './audit-limit.ts';
import type { AlarmMemory } from './alarm-memory.ts';
import { type ChildSays, REFUSED_CERTIFICATES_A_MINUTE, type Unaudited } from './contract.ts';
import type { ClearedErrorCode } from './errors.ts';
import type { ClearedServerHooks } from './hooks.ts';
import { RateLimit } from '../rate-limit.ts';

/**
 * What the module does at its child's word. The child faces the network: it can be in wrong hands, and must then not get
 * more out of the module than it is meant to.
 * @param accepts whether an application with this certificate, DER, may connect
 */
export function childHandlers(
  hooks: ClearedServerHooks,
  passwords: PasswordCheck,
  accepts: (certificate: Bytes) => boolean,
  alarms: AlarmMemory,
): Handlers<ChildSays> {
  const refusals = new RateLimit(REFUSED_CERTIFICATES_A_MINUTE);
  const unaudited = (of: readonly Unaudited[]): void => hooks.event?.({ kind: 'unaudited', unaudited: of });
  const limit = new AuditLimit(unaudited, { share: 2, isChecked: true });
  return {
    notices: {
      refusedCertificate: ({ certificate }) => {
        if (refusals.take()) hooks.refusedCertificate(fromBase64Url(certificate));
      },
      alarm: (state) => alarms.remember(state),
      audited: (audit) => {
        if (limit.takes(audit)) hooks.event?.({ kind: 'audited', ...audit });
      },
      unaudited: (told) => {
        if (limit.takesTelling()) unaudited(told.unaudited);
      },
      refusals: ({ refusals }) => {
        if (limit.takesTelling()) hooks.event?.({ kind: 'refusals', refusals });
      },
    },
    requests: {
      verifyPassword: async ({ name, password, client }) => {
        const certificate = fromBase64Url(client);
        // Each application has tries of its own at a password, so a made-up one must have none.
        return { valid: accepts(certificate) && (await passwords.verify(name, password, thumbprintOf(certificate))) };
      },
      fetchDelivery: async ({ n }) => {
        const answer = maybe(await hooks.fetchDelivery(n));
        if (answer.found.length > 0) limit.worked('FetchDelivery');
        return answer;
      },
      getEvidence: async ({ n }) => maybe(await hooks.getEvidence(n)),
      epochProposal: async ({ k }) => maybe(await hooks.epochProposal(k)),
      history: async (query) => ({ points: [...(await hooks.history(query))] }),
      acknowledge: async ({ receipt }) => {
        await hooks.acknowledge(parseArgument(receipt));
        limit.worked('Acknowledge');
        return {};
      },
      countersigned: async ({ envelope }) => {
        await hooks.countersigned(parseArgument(envelope));
        limit.worked('CountersignEpochRecord');
        return {};
      },
    },
  };
}

function maybe(found: Json | undefined): { found: string[] } {
  return { found: found === undefined ? [] : [JSON.stringify(found)] };
}

function parseArgument(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new RejectedError<ClearedErrorCode>('BAD_METHOD_ARGUMENT', 'A method was called with something that is not JSON.', { cause });
  }
}
