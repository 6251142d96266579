import assert from 'node:assert/strict';
import type { Check } from './check.ts';
import { noSession } from './talk.ts';

const SIGN_AND_ENCRYPT = 3;
const nothing = (): Promise<void> => Promise.resolve();

/** Who gets in, and how. */
export const CONNECTING_CHECKS: readonly Check[] = [
  {
    title: 'discovery is open, and offers SignAndEncrypt alone',
    run: async ({ client, plant }) => {
      for (const url of [plant.ingest, plant.cleared]) {
        const { endpoints } = await client.ask({ do: 'endpoints', url });
        assert.deepEqual(
          endpoints.map((each) => each.policy.replace(/.*#/, '')).sort(),
          ['Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss', 'Basic256Sha256'],
          url,
        );
        assert.ok(
          endpoints.every((each) => each.mode === SIGN_AND_ENCRYPT),
          url,
        );
      }
    },
  },
  {
    title: 'an unsecured session is refused',
    run: async (talk) => {
      await noSession(talk.atIngest(undefined, nothing, { policy: 'None' }));
      await noSession(talk.atCleared(undefined, nothing, { policy: 'None' }));
    },
  },
  {
    title: 'an anonymous user gets no session',
    run: async (talk) => {
      await noSession(talk.atIngest(undefined, nothing));
      await noSession(talk.atCleared(undefined, nothing));
    },
  },
  {
    title: 'a wrong password gets no session',
    run: (talk) => noSession(talk.atIngest({ name: 'operator', password: 'not the password' }, nothing)),
  },
  {
    title: 'an application that is not trusted gets no session',
    run: async (talk) => {
      await noSession(talk.atIngest(talk.plant.plc, nothing, { stranger: true }));
      await noSession(talk.atCleared(talk.plant.manufacturer, nothing, { stranger: true }));
    },
  },
  {
    title: 'a PLC gets no session at the cleared server',
    run: (talk) => noSession(talk.atCleared(talk.plant.plc, nothing)),
  },
];
