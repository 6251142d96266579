import { StatusCodes } from 'node-opcua';
import * as v from 'valibot';
import { base64Url, Int32, integer } from '../../core/index.ts';
import { DELIVERY_STATE, LEDGER_STATE, type DeliveryState, type LedgerState } from '../../nodeset/index.ts';
import { MOST_REFUSALS, SERVICES } from '../audit/refusal-names.ts';
import { LONGEST_NAME, LONGEST_PASSWORD } from '../identity/login-limits.ts';
import { ROLES } from '../identity/roles.ts';
import type { Contract } from '../pipe/index.ts';

/*
 * What a module and the process of its cleared server may say to each other: all of it. Raw values have no place in it.
 */

/** Longest message to the child: the catalogue of 64 streams, or one delivery. */
export const MOST_BYTES_TO_CHILD = 8 * 1024 * 1024;
/** Longest message from the child: an epoch record with its signatures. */
export const MOST_BYTES_FROM_CHILD = 1024 * 1024;
/** Requests of either side that may be open at once. */
export const MOST_OPEN = 256;

const UInt32 = integer(0, 0xffffffff);
const Name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const Text = v.strictObject({ en: v.string(), de: v.string() });
const Nothing = v.strictObject({});
const RoleShape = v.picklist(ROLES);
/** JSON that the child passes on without looking into it. */
const JsonText = v.string();
const MaybeJson = v.strictObject({ found: v.pipe(v.array(JsonText), v.maxLength(1)) });

export const METHOD_NAMES = ['FetchDelivery', 'Acknowledge', 'GetEvidence', 'FetchEpochRecord', 'CountersignEpochRecord'] as const;
export type MethodName = (typeof METHOD_NAMES)[number];

export const ClearedStreamShape = v.strictObject({
  name: Name,
  title: Text,
  /** Every condition that the agreement gives this stream. Reserved ones are added. */
  conditions: v.pipe(v.array(v.strictObject({ code: integer(0, 0x7fffffff), text: Text, importance: integer(1, 1000) })), v.maxLength(256)),
});
export type ClearedStream = v.InferOutput<typeof ClearedStreamShape>;

export const PublicationShape = v.strictObject({
  /** Place of the stream in the configuration. */
  stream: integer(0, 63),
  code: Int32,
  /** Grid point that the condition stands for, ms since 1970 UTC: becomes the source timestamp. */
  gridMs: integer(0),
  /** Time of the next publication, ms since 1970 UTC. */
  nextMs: integer(0),
  /** Number of the batch that is the evidence for it. */
  batch: UInt32,
  /** When to show it, ms since 1970 UTC. */
  publishAtMs: integer(0),
});
export type ClearedPublication = v.InferOutput<typeof PublicationShape>;

export const BatchStateShape = v.strictObject({
  n: UInt32,
  ledgerState: v.picklist(Object.keys(LEDGER_STATE) as LedgerState[]),
  deliveryState: v.picklist(Object.keys(DELIVERY_STATE) as DeliveryState[]),
  /** Empty before the transaction is submitted. */
  txId: v.pipe(v.string(), v.maxLength(256)),
});
export type ClearedBatchState = v.InferOutput<typeof BatchStateShape>;

export const HistoryPointShape = v.strictObject({
  /** Grid point of the condition, ms since 1970 UTC. */
  gridMs: integer(0),
  /** When it was shown, ms since 1970 UTC. */
  shownMs: integer(0),
  code: Int32,
  batch: UInt32,
  /** What had become of the batch at the last grid point. */
  ledgerState: v.picklist(Object.keys(LEDGER_STATE) as LedgerState[]),
  deliveryState: v.picklist(Object.keys(DELIVERY_STATE) as DeliveryState[]),
  txId: v.pipe(v.string(), v.maxLength(256)),
});
/** One value of a stream that was shown. */
export type HistoryPoint = v.InferOutput<typeof HistoryPointShape>;

export const HistoryQueryShape = v.strictObject({
  stream: integer(0, 63),
  /** Grid points from here to `toMs`, both included. */
  fromMs: integer(0),
  toMs: integer(0),
  newestFirst: v.boolean(),
  most: integer(1, 1001),
});
export type HistoryQuery = v.InferOutput<typeof HistoryQueryShape>;

/** Own certificate, DER, and its private key, PEM. */
const IdentityShape = v.strictObject({ certificate: base64Url(), privateKeyPem: v.string() });

/** Which clients may connect: DER certificates, a company's authorities with their revocation lists, who stands in whose place. */
export const TrustShape = v.strictObject({
  trusted: v.array(base64Url()),
  issuers: v.array(base64Url()),
  revocationLists: v.array(base64Url()),
  revocation: v.picklist(['required', 'none']),
  revocationUnknown: v.array(v.string()),
  isIncomplete: v.boolean(),
  renewals: v.record(v.string(), v.string()),
});
export type TrustMessage = v.InferOutput<typeof TrustShape>;

export const AlarmStateShape = v.strictObject({
  stream: integer(0, 63),
  /** The condition with which the alarm last changed, and the grid point of that. */
  code: Int32,
  gridMs: integer(0),
  isAcked: v.boolean(),
  comment: v.strictObject({ locale: v.pipe(v.string(), v.maxLength(64)), text: v.pipe(v.string(), v.maxLength(1024)) }),
  /** Who acknowledged or commented last; empty where nobody did. */
  user: v.pipe(v.string(), v.maxLength(256)),
});
/** What an alarm has to remember over a restart of its process. */
export type AlarmState = v.InferOutput<typeof AlarmStateShape>;

export const StartShape = v.strictObject({
  endpoint: v.strictObject({
    host: v.string(),
    port: integer(0, 65535),
    hostname: Name,
    alternateHostnames: v.array(Name),
    advertisedEndpoints: v.array(Name),
    maxSessions: integer(1, 10_000),
  }),
  identity: IdentityShape,
  trust: TrustShape,
  users: v.array(
    v.strictObject({ name: Name, roles: v.array(RoleShape), certificate: v.optional(v.string()), password: v.optional(v.literal(true)) }),
  ),
  machine: v.strictObject({
    name: Name,
    manufacturer: v.string(),
    serialNumber: v.string(),
    productInstanceUri: v.optional(v.string()),
    model: v.optional(v.string()),
  }),
  /** Conditions of this importance and above raise the alarm. */
  alarmFrom: integer(1, 1000),
  channel: v.strictObject({
    name: Name,
    id: v.string(),
    ledgerId: v.string(),
    agreementVersion: UInt32,
    intervalMs: integer(1),
    protocolVersions: v.array(UInt32),
  }),
  streams: v.pipe(v.array(ClearedStreamShape), v.minLength(1), v.maxLength(64)),
  readers: v.pipe(v.array(RoleShape), v.minLength(1)),
  methods: v.array(v.picklist(METHOD_NAMES)),
  locale: v.picklist(['en', 'de']),
  instanceUri: Name,
  /** What was shown before a restart: shown again without events. */
  shown: v.array(PublicationShape),
  states: v.array(BatchStateShape),
  alarms: v.pipe(v.array(AlarmStateShape), v.maxLength(64)),
});
export type StartConfig = v.InferOutput<typeof StartShape>;
/** The part of it that the nodes are made of. */
export type ChannelLayout = Pick<
  StartConfig,
  'machine' | 'alarmFrom' | 'channel' | 'streams' | 'methods' | 'locale' | 'instanceUri' | 'shown' | 'states' | 'alarms'
>;

export const MODULE_SAYS = {
  notices: {
    publish: v.strictObject({ publications: v.pipe(v.array(PublicationShape), v.maxLength(4096)) }),
    batchState: BatchStateShape,
    trust: TrustShape,
    /** The renewed certificate of the same application, for new secure channels. */
    identity: IdentityShape,
  },
  requests: {
    start: {
      body: StartShape,
      answer: v.strictObject({ outcome: v.picklist(['started', 'portInUse', 'failed']), port: integer(0, 65535), why: v.string() }),
    },
    ping: { body: Nothing, answer: Nothing },
    stop: { body: Nothing, answer: Nothing },
  },
} as const satisfies Contract;

const StatusName = v.picklist(Object.keys(StatusCodes));

/** What clients of a cleared server wrote or called, without what was in it. */
export const AuditShape = v.strictObject({
  service: v.picklist(['Write', 'Call']),
  /** `x509:` and thumbprint, or user name. */
  user: v.pipe(v.string(), v.maxLength(256)),
  /** Empty for a write. */
  method: v.picklist([...METHOD_NAMES, 'other', '']),
  status: StatusName,
  /** Nodes of one request that got this status. */
  nodes: integer(1, 10_000),
  /** To the values or arguments; for this life of the process alone. */
  commitment: base64Url(32),
});
export type ClearedAudit = v.InferOutput<typeof AuditShape>;

export const RefusalsShape = v.strictObject({
  service: v.picklist([...SERVICES]),
  status: StatusName,
  count: integer(1),
});

/** What was done or refused so often and not told by itself. */
export const UnauditedShape = v.strictObject({
  ...v.pick(AuditShape, ['service', 'user', 'method', 'status']).entries,
  count: integer(1),
});
export type Unaudited = v.InferOutput<typeof UnauditedShape>;
export const MOST_UNAUDITED = 256;

/**
 * Audits of one user in one minute, of what was done, was not there, and was refused; tellings of sums. The module takes
 * twice as many: it does not see in which minute the child counted one.
 */
export const AUDITS_A_MINUTE = { done: 1000, absent: 60, refused: 60, tellings: 120 } as const;

/** Refused certificates that a process may report in one minute. Both ends of the pipe hold to it: the process can be in wrong hands. */
export const REFUSED_CERTIFICATES_A_MINUTE = 30;

export const CHILD_SAYS = {
  notices: {
    /** A certificate that is not trusted, or is and was refused all the same, base64url of its DER bytes. */
    refusedCertificate: v.strictObject({ certificate: v.pipe(base64Url(), v.maxLength(16_384)) }),
    /** An alarm changed, or was acknowledged or commented. */
    alarm: AlarmStateShape,
    /** A Write or Call was answered. */
    audited: AuditShape,
    /** What was not told by itself, at the end of a minute. */
    unaudited: v.strictObject({ unaudited: v.pipe(v.array(UnauditedShape), v.maxLength(MOST_UNAUDITED)) }),
    /** What was refused since it was last told. */
    refusals: v.strictObject({ refusals: v.pipe(v.array(RefusalsShape), v.maxLength(MOST_REFUSALS)) }),
  },
  requests: {
    /** `client` is the certificate of the application that logs in, DER. */
    verifyPassword: {
      body: v.strictObject({
        name: v.pipe(v.string(), v.maxLength(LONGEST_NAME)),
        password: v.pipe(v.string(), v.maxLength(LONGEST_PASSWORD)),
        client: base64Url(),
      }),
      answer: v.strictObject({ valid: v.boolean() }),
    },
    fetchDelivery: { body: v.strictObject({ n: UInt32 }), answer: MaybeJson },
    getEvidence: { body: v.strictObject({ n: UInt32 }), answer: MaybeJson },
    epochProposal: { body: v.strictObject({ k: UInt32 }), answer: MaybeJson },
    acknowledge: { body: v.strictObject({ receipt: JsonText }), answer: Nothing },
    history: {
      body: HistoryQueryShape,
      answer: v.strictObject({ points: v.pipe(v.array(HistoryPointShape), v.maxLength(1001)) }),
    },
    countersigned: { body: v.strictObject({ envelope: JsonText }), answer: Nothing },
  },
} as const satisfies Contract;
export type ModuleSays = typeof MODULE_SAYS;
export type ChildSays = typeof CHILD_SAYS;
