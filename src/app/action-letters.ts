import { existsSync } from 'node:fs';
import { RejectedError, toBase64Url } from '../core/index.ts';
import { loadStoreKey } from '../platform/index.ts';
import { type ActionEntry, ReceiverStore } from '../store/index.ts';
import { loadAgreement } from './agreement-file.ts';
import { type ConfigErrorCode, readManufacturerConfig } from './config.ts';

export type { ActionEntry } from '../store/index.ts';

/**
 * The receiver's actions, oldest first: what waits, what is done, and the dead letters. Works beside a running module.
 * @param config path of the manufacturer's configuration
 */
export async function listActions(config: string): Promise<ActionEntry[]> {
  return withStore(config, (store) => store.actions());
}

/**
 * Lets dead letters run again, with the keys that they had. A running module takes them up within a second, else the next
 * start does.
 * @param config path of the manufacturer's configuration
 * @param wanted key of one, or `all`
 * @returns keys of those that wait again
 * @throws RejectedError `NO_SUCH_ACTION` for a key that names no dead letter
 */
export async function repeatActions(config: string, wanted: string): Promise<string[]> {
  return withStore(config, (store) => {
    store.requireInUse();
    const dead = store.actions().filter(({ state }) => state === 'failed');
    const chosen = wanted === 'all' ? dead : dead.filter(({ key }) => key === wanted);
    if (wanted !== 'all' && chosen.length === 0) throw noSuchAction(config, wanted);
    // The module may have begun to work meanwhile, or another operator repeated the same one.
    return chosen.map(({ key }) => key).filter((key) => store.repeatAction(key));
  });
}

async function withStore<Result>(config: string, work: (store: ReceiverStore) => Result): Promise<Result> {
  const own = readManufacturerConfig(config);
  const [channel] = own.channels;
  const { terms } = loadAgreement(channel.agreement);
  if (!existsSync(channel.store))
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `${channel.store} is not there yet. Start the module with: dcmb receive ${config}`,
    );
  const store = new ReceiverStore(channel.store, toBase64Url(terms.channelId), await loadStoreKey(own.keys.store));
  try {
    return work(store);
  } finally {
    store.close();
  }
}

function noSuchAction(config: string, key: string): RejectedError<'NO_SUCH_ACTION'> {
  return new RejectedError('NO_SUCH_ACTION', `There is no dead letter "${key}". List them with: dcmb receive actions ${config}`);
}
