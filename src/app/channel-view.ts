import { RejectedError } from '../core/index.ts';
import { type ConfigErrorCode, type ManufacturerConfig, type OwnerChannelConfig, type OwnerConfig, readConfig } from './config.ts';

/** An owner's configuration as one of its channels has it: as if there were no other. */
export type ChannelView = OwnerConfig & { readonly channels: readonly [OwnerChannelConfig] };

/** What a channel has of its own takes the place of what the configuration names for all. */
export function channelView(config: OwnerConfig, own: OwnerChannelConfig): ChannelView {
  const { keys, pki, ledger } = own;
  return {
    ...config,
    keys: { ...config.keys, ...keys },
    pki: pki ?? config.pki,
    ledger: ledger ?? config.ledger,
    channels: [own],
  };
}

/**
 * Reads either side's configuration as one of its channels has it.
 * @param file path of the configuration
 * @param channel name; may be absent where there is one channel only
 * @throws RejectedError `BAD_FILE`; `BAD_CONFIG` with the names to choose from
 */
export function readChannel(file: string, channel?: string): ChannelView | ManufacturerConfig {
  const config = readConfig(file);
  const names = config.channels.map(({ name }) => name);
  const chosen = channel ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined) throw bad(`${file} has the channels ${names.join(', ')}. Say which by --channel.`);
  if (!names.includes(chosen))
    throw bad(`${file} has no channel "${chosen}". Take ${names.length === 1 ? '' : 'one of '}${names.join(', ')}.`);
  if (config.role === 'manufacturer') return config;
  return channelView(config, config.channels.find(({ name }) => name === chosen) as OwnerChannelConfig);
}

function bad(message: string): RejectedError<ConfigErrorCode> {
  return new RejectedError('BAD_CONFIG', message);
}
