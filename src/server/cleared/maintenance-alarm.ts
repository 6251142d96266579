import {
  DataType,
  type LocalizedText,
  type Namespace,
  ObjectTypeIds,
  resolveNodeId,
  StatusCodes,
  type UAAlarmConditionEx,
  type UAObject,
  type UAObjectType,
  type UAVariable,
} from 'node-opcua';
import { maintenanceAlarmId } from '../../nodeset/index.ts';
import { keepWhatIsOfInterest } from '../alarm-rules.ts';
import { DI_URI } from '../machine-node.ts';
import { bilingual, type Texts } from './locales.ts';

/** Where an alarm stands. */
export interface AlarmPlace {
  readonly namespace: Namespace;
  readonly channelName: string;
  readonly streamName: string;
  /** Raises the alarm's events. */
  readonly channel: UAObject;
  /** Holds the alarm's node. */
  readonly stream: UAObject;
  /** What is watched: the stream's ConditionCode. */
  readonly source: UAVariable;
}

/** What a stream shows at a grid point. */
export interface AlarmStep {
  readonly isActive: boolean;
  /** 1 to 1000. */
  readonly severity: number;
  readonly message: LocalizedText;
  /** Grid time, ms since 1970 UTC. */
  readonly gridMs: number;
}

/**
 * The alarm of a stream (MaintenanceRequiredAlarmType, OPC UA for Devices, clause 4.12.6). It changes at grid points only,
 * but for its acknowledgement. It keeps no branches: what is over and was not acknowledged stays.
 */
export class MaintenanceAlarm {
  readonly node: UAAlarmConditionEx;
  #severity = 0;
  #isActive = false;

  constructor(place: AlarmPlace) {
    const { namespace, channel, stream, source } = place;
    channel.addReference({ referenceType: 'HasEventSource', nodeId: source });
    const space = namespace.addressSpace;
    const type = space.findObjectType('MaintenanceRequiredAlarmType', space.getNamespaceIndex(DI_URI)) as UAObjectType;
    this.node = namespace.instantiateAlarmCondition(type, {
      browseName: { name: 'MaintenanceRequired', namespaceIndex: namespace.index },
      nodeId: maintenanceAlarmId(place.channelName, place.streamName),
      componentOf: stream,
      conditionSource: source,
      conditionOf: source,
      conditionName: 'MaintenanceRequired',
      conditionClass: resolveNodeId(ObjectTypeIds.MaintenanceConditionClassType),
      inputNode: source,
    });
    this.node.setSourceName(place.streamName);
    // By itself node-opcua raises one event for each change of the input, in words of its own.
    this.node.onInputDataValueChange = () => undefined;
    keepWhatIsOfInterest(this.node);
    nameStates(this.node);
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Raises an event where anything is another than before. What has become more important needs to be acknowledged anew. */
  step({ isActive, severity, message, gridMs }: AlarmStep): void {
    if (isActive === this.#isActive && (!isActive || severity === this.#severity)) return;
    const branch = this.node.currentBranch();
    if (isActive && (!this.#isActive || severity > this.#severity)) branch.setAckedState(false);
    branch.setActiveState(isActive);
    this.#isActive = isActive;
    this.#severity = severity;
    const time = new Date(gridMs);
    this.node.raiseNewCondition({ message, severity, quality: StatusCodes.Good, retain: isActive, time, receiveTime: time });
  }
}

/** Names of states as OPC UA Part 9 gives them. */
const STATES = {
  enabledState: [
    { en: 'Enabled', de: 'Eingeschaltet' },
    { en: 'Disabled', de: 'Ausgeschaltet' },
  ],
  activeState: [
    { en: 'Active', de: 'Aktiv' },
    { en: 'Inactive', de: 'Nicht aktiv' },
  ],
  ackedState: [
    { en: 'Acknowledged', de: 'Quittiert' },
    { en: 'Unacknowledged', de: 'Nicht quittiert' },
  ],
} as const satisfies Record<string, readonly [Texts, Texts]>;

/** The texts of the states, put in by the change to the state and back that makes node-opcua take them over. */
function nameStates(node: UAAlarmConditionEx): void {
  for (const [name, [whenTrue, whenFalse]] of Object.entries(STATES) as [keyof typeof STATES, readonly [Texts, Texts]][]) {
    const state = node[name];
    const set = (child: UAVariable | undefined, texts: Texts) =>
      child?.setValueFromSource({ dataType: DataType.LocalizedText, value: bilingual(texts) });
    set(state.trueState, whenTrue);
    set(state.falseState, whenFalse);
  }
  const branch = node.currentBranch();
  for (const value of [false, true]) branch.setEnabledState(value);
  for (const value of [true, false]) branch.setActiveState(value);
  for (const value of [false, true]) branch.setAckedState(value);
}
