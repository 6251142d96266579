import { MessageSecurityMode, type OPCUAServer, type OPCUAServerOptions, SecurityPolicy, UserTokenType } from 'node-opcua';

/*
 * What the ingest and the cleared servers have in common towards a network: only signed and encrypted sessions, limits
 * that are set on purpose, and endpoint descriptions that stock clients can work with.
 */

export interface SecureEndpoint {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on; all interfaces where absent. */
  readonly host?: string;
  /** The name that endpoint URLs carry: it must resolve for every client, and stand in the certificate. */
  readonly hostname: string;
  /** Further names or addresses under which the server is dialled. */
  readonly alternateHostnames?: readonly string[];
  /** Further URLs under which it is reached, through a NAT or a forwarded port: told to clients beside its own. */
  readonly advertisedEndpoints?: readonly string[];
  readonly applicationUri: string;
  readonly applicationName: string;
  /** Sessions at a time; 100 where absent. */
  readonly maxSessions?: number;
}

export const SECURITY_POLICIES: readonly SecurityPolicy[] = [
  SecurityPolicy.Basic256Sha256,
  SecurityPolicy.Aes128_Sha256_RsaOaep,
  SecurityPolicy.Aes256_Sha256_RsaPss,
];

/** Values of a monitored item: a client that does not fetch what it asked for must not fill the memory. */
export const LONGEST_QUEUE = 1000;

const MAX_SESSIONS = 100;
/** Discovery and reconnecting clients need connections that hold no session. */
const CONNECTIONS_BESIDE_SESSIONS = 30;
/** node-opcua allocates a buffer of this size for each message: the default of 512 KiB costs small requests a factor of 3 to 7. */
const BUFFER_BYTES = 64 * 1024;
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** The options of an `OPCUAServer` that concern its endpoint and its limits. */
export function secureServerOptions(endpoint: SecureEndpoint): OPCUAServerOptions {
  const maxSessions = endpoint.maxSessions ?? MAX_SESSIONS;
  return {
    port: endpoint.port,
    ...(endpoint.host === undefined ? {} : { host: endpoint.host }),
    hostname: endpoint.hostname,
    alternateHostname: [...(endpoint.alternateHostnames ?? [])],
    advertisedEndpoints: [...(endpoint.advertisedEndpoints ?? [])],
    serverInfo: {
      applicationUri: endpoint.applicationUri,
      applicationName: { text: endpoint.applicationName, locale: 'en' },
      productUri: 'urn:dcmb',
    },
    buildInfo: { productName: 'DCMB', productUri: 'urn:dcmb', manufacturerName: 'DCMB' },
    securityModes: [MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [...SECURITY_POLICIES],
    allowAnonymous: false,
    // Stock clients ask an unsecured channel for the endpoints first; a session on it is refused all the same.
    disableDiscovery: false,
    unresolvedPermissionPolicy: 'deny',
    maxConnectionsPerEndpoint: maxSessions + CONNECTIONS_BESIDE_SESSIONS,
    serverCapabilities: capabilities(maxSessions),
    transportSettings: { adjustTransportLimits: smallBuffers },
  };
}

/**
 * Names the security policy in every user token policy. Leaving it to the channel's is legal (OPC UA Part 4, clause
 * 7.41), but some clients then send no signature. Call it after `initialize()`.
 */
export function fillUserTokenPolicies(server: OPCUAServer): void {
  const descriptions = server.endpoints.flatMap((endpoint) => endpoint.endpointDescriptions());
  for (const { securityPolicyUri, userIdentityTokens } of descriptions) {
    for (const policy of userIdentityTokens ?? []) {
      if (policy.tokenType !== UserTokenType.Anonymous) policy.securityPolicyUri = securityPolicyUri;
    }
  }
}

function capabilities(maxSessions: number): OPCUAServerOptions['serverCapabilities'] {
  return {
    maxSessions,
    maxSubscriptions: 2 * maxSessions,
    maxSubscriptionsPerSession: 10,
    maxMonitoredItems: 100 * maxSessions,
    maxMonitoredItemsPerSubscription: 2000,
    maxMonitoredItemsQueueSize: LONGEST_QUEUE,
    maxStringLength: MAX_MESSAGE_BYTES,
    maxByteStringLength: MAX_MESSAGE_BYTES,
    maxArrayLength: 10_000,
    operationLimits: {
      maxNodesPerRead: 1000,
      maxNodesPerWrite: 1000,
      maxNodesPerBrowse: 1000,
      maxNodesPerMethodCall: 100,
      maxNodesPerTranslateBrowsePathsToNodeIds: 1000,
      maxMonitoredItemsPerCall: 1000,
    },
  };
}

type TransportLimits = Parameters<NonNullable<OPCUAServerOptions['transportSettings']>['adjustTransportLimits']>[0];

function smallBuffers(hello: TransportLimits): TransportLimits {
  return {
    receiveBufferSize: Math.min(hello.receiveBufferSize, BUFFER_BYTES),
    sendBufferSize: Math.min(hello.sendBufferSize, BUFFER_BYTES),
    maxMessageSize: limited(hello.maxMessageSize, MAX_MESSAGE_BYTES),
    maxChunkCount: limited(hello.maxChunkCount, Math.ceil(MAX_MESSAGE_BYTES / BUFFER_BYTES) + 1),
  };
}

/** In a Hello message 0 stands for "no limit" (OPC UA Part 6, clause 7.1.2.3). */
function limited(asked: number, most: number): number {
  return asked === 0 ? most : Math.min(asked, most);
}
