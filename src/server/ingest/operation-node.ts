import { DataType, StatusCodes, type UAObject, type UAVariable, Variant, type VariantOptions } from 'node-opcua';
import { type Children, MODULE_STATE, type ModuleState, type OBJECT_TYPES, toVariant } from '../../nodeset/index.ts';
import type { RoleIds } from '../identity/index.ts';
import { type AlarmPlace, type ChannelAlarm, LimitAlarm, offNormalAlarm } from './channel-alarm.ts';
import { childVariable, type DcmbSpace, show } from './dcmb-space.ts';
import { type AlarmLimits, type ChannelOperation, LIMIT_NAMES, type LimitName } from './operation-types.ts';

type Child = Children['ChannelOperationType'];

/** BrowseNames of the alarms, their types, and what they watch. */
const LIMIT_ALARMS: Readonly<
  Record<LimitName, { readonly name: string; readonly type: keyof typeof OBJECT_TYPES; readonly input: Child }>
> = {
  cacheFill: { name: 'CacheFillAlarm', type: 'CacheFillAlarmType', input: 'CacheFill' },
  unsentAge: { name: 'UnsentAgeAlarm', type: 'UnsentAgeAlarmType', input: 'OldestUnsentAge' },
  receiverSilence: { name: 'ReceiverSilenceAlarm', type: 'ReceiverSilenceAlarmType', input: 'ReceiverSilence' },
  ledgerLag: { name: 'LedgerLagAlarm', type: 'LedgerLagAlarmType', input: 'LedgerLag' },
};

/** What a state means for an operator; a rank above 0 is off normal. */
const STATES: Readonly<Record<ModuleState, { readonly rank: number; readonly severity: number }>> = {
  Starting: { rank: 0, severity: 100 },
  Running: { rank: 0, severity: 100 },
  Degraded: { rank: 1, severity: 400 },
  Suspended: { rank: 2, severity: 700 },
  Faulted: { rank: 3, severity: 900 },
  Stopping: { rank: 0, severity: 100 },
};
/** A module that stops for a reason has ended by a fault. */
const ENDED = { rank: 4, severity: 1000 };

/** How a channel is doing: variables and alarms. For operators only, as everything that has no rule of its own. */
export class OperationNode {
  readonly #node: UAObject;
  readonly #limitAlarms: ReadonlyMap<LimitName, LimitAlarm>;
  readonly #stateAlarm: ChannelAlarm;

  /**
   * @param node a ChannelOperationType
   * @param source the channel's node, which raises the events
   */
  constructor(
    model: DcmbSpace,
    node: UAObject,
    source: UAObject,
    { limits, roles }: { readonly limits: AlarmLimits; readonly roles: RoleIds },
  ) {
    this.#node = node;
    for (const name of AWAITED) this.#child(name).setValueFromSource(new Variant(), StatusCodes.BadWaitingForInitialData);
    const place = (name: string, type: keyof typeof OBJECT_TYPES, input: Child): AlarmPlace => ({
      namespace: model.namespace,
      source,
      parent: node,
      name,
      type: model.objectType(type),
      input: this.#child(input),
      roles,
    });
    this.#limitAlarms = new Map(
      LIMIT_NAMES.map((limit) => {
        const { name, type, input } = LIMIT_ALARMS[limit];
        return [limit, new LimitAlarm(place(name, type, input), limits[limit])];
      }),
    );
    this.#stateAlarm = offNormalAlarm(place('ModuleStateAlarm', 'ModuleStateAlarmType', 'State'));
  }

  show(operation: ChannelOperation, nowMs: number): void {
    for (const [name, value] of valuesOf(operation)) {
      if (value !== undefined) show(this.#child(name), value, nowMs);
    }
    for (const [limit, alarm] of this.#limitAlarms) alarm.show(operation.alarms[limit].level, operation.alarms[limit].text, nowMs);
    const { state, stateText } = operation;
    const step = state === 'Stopping' && stateText !== '' ? ENDED : STATES[state];
    this.#stateAlarm.step({ ...step, text: stateText === '' ? `The module is ${state}.` : `${state}: ${stateText}`, nowMs });
  }

  #child(name: Child): UAVariable {
    return childVariable(this.#node, name);
  }
}

const AWAITED: readonly Child[] = [
  'State',
  'CacheFill',
  'CachedBatches',
  'CachedBytes',
  'OldestUnsentAge',
  'ReceiverLastSeen',
  'ReceiverSilence',
  'LedgerLag',
  'UnanchoredBatches',
  'LastBlockTime',
];

function valuesOf(operation: ChannelOperation): readonly (readonly [Child, VariantOptions | undefined])[] {
  const { receiverLastSeenMs, lastBlockMs } = operation;
  const double = (value: number): VariantOptions => ({ dataType: DataType.Double, value });
  const count = (value: number): VariantOptions => ({ dataType: DataType.UInt32, value: Math.min(value, 0xffffffff) });
  const time = (ms: number | undefined): VariantOptions | undefined =>
    ms === undefined ? undefined : { dataType: DataType.DateTime, value: new Date(ms) };
  return [
    ['State', { dataType: DataType.Int32, value: MODULE_STATE[operation.state] }],
    ['CacheFill', double(operation.cacheFillPercent)],
    ['CachedBatches', count(operation.cachedBatches)],
    ['CachedBytes', toVariant({ type: 'UInt64', value: BigInt(operation.cachedBytes) })],
    ['OldestUnsentAge', double(operation.oldestUnsentMs)],
    ['ReceiverLastSeen', time(receiverLastSeenMs)],
    ['ReceiverSilence', double(operation.receiverSilenceMs)],
    ['LedgerLag', double(operation.ledgerLagMs)],
    ['UnanchoredBatches', count(operation.unanchoredBatches)],
    ['LastBlockTime', time(lastBlockMs)],
  ];
}
