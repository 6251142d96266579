/* Generated from nodesets/dcmb.NodeSet2.xml by scripts/generate-node-ids.ts. Do not edit. */

export const DCMB_URI = 'urn:dcmb:ua';
export const DCMB_NODESET_VERSION = '0.2.0';
export const DCMB_NODESET_DATE = '2026-11-23T00:00:00Z';

/* BrowseName to NodeId, without the namespace: the index is the server's to give. */

export const OBJECT_TYPES = {
  BatchType: 's=BatchType',
  StreamType: 's=StreamType',
  ChannelType: 's=ChannelType',
  ChannelOperationType: 's=ChannelOperationType',
  IngestChannelType: 's=IngestChannelType',
  ClearedChannelType: 's=ClearedChannelType',
  DcmbModuleType: 's=DcmbModuleType',
  BatchEventType: 's=BatchEventType',
  BatchSealedEventType: 's=BatchSealedEventType',
  BatchAnchoredEventType: 's=BatchAnchoredEventType',
  AnchorFailedEventType: 's=AnchorFailedEventType',
  ReceiptGivenEventType: 's=ReceiptGivenEventType',
  ConditionClearedEventType: 's=ConditionClearedEventType',
  ModuleStateAlarmType: 's=ModuleStateAlarmType',
  CacheFillAlarmType: 's=CacheFillAlarmType',
  UnsentAgeAlarmType: 's=UnsentAgeAlarmType',
  ReceiverSilenceAlarmType: 's=ReceiverSilenceAlarmType',
  LedgerLagAlarmType: 's=LedgerLagAlarmType',
} as const;

export const VARIABLE_TYPES = {
  TagType: 's=TagType',
  ClearedVariableType: 's=ClearedVariableType',
  ClearedCodeType: 's=ClearedCodeType',
} as const;

export const DATA_TYPES = {
  LedgerStateEnumeration: 's=LedgerStateEnumeration',
  DeliveryStateEnumeration: 's=DeliveryStateEnumeration',
  ModuleStateEnumeration: 's=ModuleStateEnumeration',
} as const;

export const METHODS = {
  'IngestChannelType.Anchor': 's=IngestChannelType.Anchor',
  'ClearedChannelType.FetchDelivery': 's=ClearedChannelType.FetchDelivery',
  'ClearedChannelType.Acknowledge': 's=ClearedChannelType.Acknowledge',
  'ClearedChannelType.GetEvidence': 's=ClearedChannelType.GetEvidence',
  'ClearedChannelType.FetchEpochRecord': 's=ClearedChannelType.FetchEpochRecord',
  'ClearedChannelType.CountersignEpochRecord': 's=ClearedChannelType.CountersignEpochRecord',
} as const;

/** English descriptions of the methods. */
export const METHOD_DESCRIPTIONS = {
  'IngestChannelType.Anchor':
    'Asks for the open batch to be sealed at the next point of the call grid and anchored, instead of at the end of the interval. Answers at once; LastBatch and events tell how it goes on.',
  'ClearedChannelType.FetchDelivery': 'Gives what the recipient needs to verify a batch. Marks the batch Delivered.',
  'ClearedChannelType.Acknowledge': 'Takes the receipt for a batch that the recipient verified and stored.',
  'ClearedChannelType.GetEvidence': 'Gives the evidence of a batch for a person or an audit: header, transaction, receipt.',
  'ClearedChannelType.FetchEpochRecord': 'Gives an epoch record that the owner signed and the recipient is to countersign.',
  'ClearedChannelType.CountersignEpochRecord': 'Takes an epoch record with the signatures of both.',
} as const;

/** BrowseNames of what stands right below each type, inherited children not included. */
export interface Children {
  TagType: 'LastStatus' | 'LastTime' | 'AcceptedCount' | 'RefusedCount';
  BatchType: 'BatchId' | 'GridTime' | 'LedgerState' | 'DeliveryState' | 'TransactionId';
  StreamType:
    | 'Condition'
    | 'ConditionCode'
    | 'Importance'
    | 'GridTime'
    | 'NextPublicationTime'
    | 'BatchId'
    | 'LedgerState'
    | 'DeliveryState'
    | 'TransactionId';
  ChannelType: 'ChannelId' | 'LedgerId' | 'AgreementVersion' | 'IntervalLength' | 'LastBatch';
  ChannelOperationType:
    | 'State'
    | 'CacheFill'
    | 'CachedBatches'
    | 'CachedBytes'
    | 'OldestUnsentAge'
    | 'ReceiverLastSeen'
    | 'ReceiverSilence'
    | 'LedgerLag'
    | 'UnanchoredBatches'
    | 'LastBlockTime';
  IngestChannelType: 'Anchor' | 'Operation';
  ClearedChannelType:
    | 'Streams'
    | 'ProtocolVersions'
    | 'LastAnchoredBatch'
    | 'FetchDelivery'
    | 'Acknowledge'
    | 'GetEvidence'
    | 'FetchEpochRecord'
    | 'CountersignEpochRecord';
  DcmbModuleType: 'State' | 'StateText' | 'Tags' | 'Channels';
  BatchEventType: 'BatchId' | 'GridTime';
  BatchAnchoredEventType: 'TransactionId';
  AnchorFailedEventType: 'Reason';
  ConditionClearedEventType: 'Stream' | 'ConditionCode';
}

/** How far a batch is on its way to the ledger. */
export const LEDGER_STATE = {
  /** Closed and signed; nothing was submitted yet. */
  Sealed: 0,
  /** Handed to the ledger; no answer yet. */
  Submitted: 1,
  /** Committed to the ledger. */
  Anchored: 2,
  /** Refused by the ledger for good. */
  Failed: 3,
} as const;
export type LedgerState = keyof typeof LEDGER_STATE;

/** How far a batch is on its way to its recipient. */
export const DELIVERY_STATE = {
  /** Ready to be fetched. */
  Waiting: 0,
  /** Fetched; no receipt yet. */
  Delivered: 1,
  /** The recipient signed a receipt. */
  Receipted: 2,
  /** No receipt came in time; the delivery was deposited on the ledger. */
  Deposited: 3,
  /** A dispute with proof is on the ledger. */
  Disputed: 4,
  /** Dropped before it was fetched. */
  Expired: 5,
} as const;
export type DeliveryState = keyof typeof DELIVERY_STATE;

/** What the module is doing. */
export const MODULE_STATE = {
  /** Not ready to take values. */
  Starting: 0,
  /** Takes values, clears and seals. */
  Running: 1,
  /** Takes values, clears and seals, but something that it needs is not there, such as the ledger. */
  Degraded: 2,
  /** The limit of unreceipted batches was reached; nothing is cleared. */
  Suspended: 3,
  /** Seals what it has and takes no more values. */
  Stopping: 4,
  /** Takes no values until what it needs is back, such as room on the disk; goes on by itself then. */
  Faulted: 5,
} as const;
export type ModuleState = keyof typeof MODULE_STATE;
