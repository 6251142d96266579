/** What a server refused, so often since it was last told. */
export interface Refusals {
  /** One of {@link SERVICES}. */
  readonly service: string;
  /** Name of the StatusCode that the client got. */
  readonly status: string;
  readonly count: number;
}

/** Whether a StatusCode, by its name, says no: what was asked for and is not there yet, such as the next batch, is no refusal. */
export function isRefusal(status: string): boolean {
  return status !== 'Good' && status !== 'BadNotFound';
}

/** There are some 40 services and 250 codes, but no client makes a server tell that many in a second. */
export const MOST_REFUSALS = 256;

/**
 * The services of OPC UA (Part 4, clause 5) as refusals name them. `Connection` stands for a connection that was not taken,
 * `Other` for a request that names no service of these.
 */
export const SERVICES: ReadonlySet<string> = new Set([
  ...['Connection', 'Other', 'OpenSecureChannel', 'CloseSecureChannel'],
  ...['FindServers', 'FindServersOnNetwork', 'GetEndpoints', 'RegisterServer', 'RegisterServer2'],
  ...['CreateSession', 'ActivateSession', 'CloseSession', 'Cancel'],
  ...['AddNodes', 'AddReferences', 'DeleteNodes', 'DeleteReferences'],
  ...['Browse', 'BrowseNext', 'TranslateBrowsePathsToNodeIds', 'RegisterNodes', 'UnregisterNodes', 'QueryFirst', 'QueryNext'],
  ...['Read', 'HistoryRead', 'Write', 'HistoryUpdate', 'Call'],
  ...['CreateMonitoredItems', 'ModifyMonitoredItems', 'SetMonitoringMode', 'SetTriggering', 'DeleteMonitoredItems'],
  ...[
    'CreateSubscription',
    'ModifySubscription',
    'SetPublishingMode',
    'Publish',
    'Republish',
    'TransferSubscriptions',
    'DeleteSubscriptions',
  ],
]);
