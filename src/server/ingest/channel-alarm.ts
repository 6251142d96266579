import {
  type InstantiateExclusiveLimitAlarmOptions,
  type Namespace,
  ObjectTypeIds,
  resolveNodeId,
  StatusCodes,
  type UAAlarmConditionEx,
  type UAExclusiveLimitAlarmEx,
  type UAObject,
  type UAObjectType,
  type UAVariable,
} from 'node-opcua';
import { ALARM_METHOD_IDS, keepWhatIsOfInterest, REFRESH_METHOD_IDS } from '../alarm-rules.ts';
import type { RoleIds } from '../identity/index.ts';
import type { DcmbSpace } from './dcmb-space.ts';
import { alarmMethod } from './permissions.ts';
import type { AlarmLevel, Limits } from './operation-types.ts';

/** Makes alarms work in an address space, for operators: they refresh, acknowledge and comment. Nobody disables an alarm. */
export function openAlarms({ space }: DcmbSpace, roles: RoleIds): void {
  space.installAlarmsAndConditionsService();
  for (const id of [...REFRESH_METHOD_IDS, ...ALARM_METHOD_IDS]) space.findNode(id)?.setRolePermissions(alarmMethod(roles));
}

/** Where an alarm stands. */
export interface AlarmPlace {
  readonly namespace: Namespace;
  /** Raises the alarm's events: the channel. */
  readonly source: UAObject;
  /** Holds the alarm's node. */
  readonly parent: UAObject;
  readonly name: string;
  readonly type: UAObjectType;
  /** What is watched. */
  readonly input: UAVariable;
  readonly roles: RoleIds;
}

/** One step of an alarm. */
export interface AlarmStep {
  /** A higher one needs an operator's acknowledgement (OPC UA Part 9, clause 5.7); 0 is normal. */
  readonly rank: number;
  /** 1 to 1000. */
  readonly severity: number;
  readonly text: string;
  readonly nowMs: number;
}

/**
 * An alarm that is told its state instead of working it out: the module knows better than a bare limit when something is
 * over. It keeps no branches: what is over and was not acknowledged stays, so that a client that connects later sees it, too.
 */
export class ChannelAlarm {
  readonly #node: UAAlarmConditionEx;
  #rank = 0;

  constructor(node: UAAlarmConditionEx, { source, roles }: AlarmPlace) {
    this.#node = node;
    // By itself node-opcua puts the namespace index before it.
    node.setSourceName(source.browseName.name ?? '');
    for (const method of [node.acknowledge, node.addComment]) method.setRolePermissions(alarmMethod(roles));
    // By itself node-opcua raises one event for each change of the input, in words of its own.
    node.onInputDataValueChange = () => undefined;
    keepWhatIsOfInterest(node);
  }

  /** Raises an event where the rank is another than before. A disabled alarm says nothing, until it is enabled again. */
  step({ rank, severity, text, nowMs }: AlarmStep): boolean {
    if (rank === this.#rank || !this.#node.getEnabledState()) return false;
    const branch = this.#node.currentBranch();
    branch.setActiveState(rank > 0);
    if (rank > this.#rank) branch.setAckedState(false);
    this.#rank = rank;
    const message = { locale: 'en', text };
    this.#node.raiseNewCondition({ message, severity, quality: StatusCodes.Good, retain: rank > 0, time: new Date(nowMs) });
    return true;
  }
}

/** An exclusive limit alarm (OPC UA Part 9, clause 5.8.19.2) with the limits High and HighHigh. */
export class LimitAlarm {
  readonly #node: UAExclusiveLimitAlarmEx;
  readonly #alarm: ChannelAlarm;

  constructor(place: AlarmPlace, { high, highHigh }: Limits) {
    const options: Omit<InstantiateExclusiveLimitAlarmOptions, 'lowLimit'> = {
      ...optionsOf(place),
      highLimit: high,
      highHighLimit: highHigh,
    };
    // The type asks for a low limit as well; a given one would become a node.
    this.#node = place.namespace.instantiateExclusiveLimitAlarm(place.type, options as InstantiateExclusiveLimitAlarmOptions);
    this.#alarm = new ChannelAlarm(this.#node, place);
  }

  show(level: AlarmLevel, text: string, nowMs: number): void {
    const { rank, severity, state } = LEVELS[level];
    // The state goes first: it is part of the event.
    if (this.#node.limitState.getCurrentState() !== state) this.#node.limitState.setState(state);
    this.#alarm.step({ rank, severity, text, nowMs });
  }
}

/** Severities by the ranges that OPC UA Part 5, clause 6.4.2, advises. */
const LEVELS: Readonly<Record<AlarmLevel, { readonly rank: number; readonly severity: number; readonly state: string | null }>> = {
  normal: { rank: 0, severity: 100, state: null },
  high: { rank: 1, severity: 500, state: 'High' },
  highHigh: { rank: 2, severity: 800, state: 'HighHigh' },
};

/** An off-normal alarm (OPC UA Part 9, clause 5.8.23.2) without a node for its normal state. */
export function offNormalAlarm(place: AlarmPlace): ChannelAlarm {
  return new ChannelAlarm(place.namespace.instantiateDiscreteAlarm(place.type, optionsOf(place)), place);
}

function optionsOf({ source, parent, name, input, namespace }: AlarmPlace) {
  return {
    browseName: { name, namespaceIndex: namespace.index },
    nodeId: `${parent.nodeId.displayText().replace(/^ns=\d+;/, '')}-${name}`,
    componentOf: parent,
    conditionSource: source,
    conditionOf: source,
    conditionName: name,
    conditionClass: resolveNodeId(ObjectTypeIds.SystemConditionClassType),
    inputNode: input,
  };
}
