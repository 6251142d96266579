import {
  DataType,
  LocalizedText,
  type Namespace,
  NodeClass,
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
import { bindAlarmMethods } from './alarm-methods.ts';
import type { Condition } from './conditions.ts';
import type { AlarmState } from './contract.ts';
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
  readonly condition: Condition;
  /** Grid time, ms since 1970 UTC. */
  readonly gridMs: number;
}

/**
 * The alarm of a stream (MaintenanceRequiredAlarmType, OPC UA for Devices, clause 4.12.6): active while the condition shown
 * is important enough. It changes at grid points only, but for its acknowledgement. It keeps no branches: what is over and
 * was not acknowledged stays.
 */
export class MaintenanceAlarm {
  readonly node: UAAlarmConditionEx;
  readonly #from: number;
  readonly #tell: () => void;
  #last: AlarmStep | undefined;

  /**
   * @param from least importance that raises it, 1 to 1000
   * @param changed told of each change, with what has to be remembered
   */
  constructor(place: AlarmPlace, from: number, changed: (state: Omit<AlarmState, 'stream'>) => void) {
    this.#from = from;
    this.#tell = () => {
      if (this.#last !== undefined) changed(stateOf(this.node, this.#last));
    };
    this.node = alarmNode(place);
    this.node.setSourceName(place.streamName);
    // By itself node-opcua raises one event for each change of the input, in words of its own.
    this.node.onInputDataValueChange = () => undefined;
    keepWhatIsOfInterest(this.node);
    nameStates(this.node);
    bindAlarmMethods(this.node, this.#tell);
    stamp(this.node, new Date());
  }

  get isActive(): boolean {
    return this.#last !== undefined && this.#isImportant(this.#last.condition);
  }

  /** Raises an event where it is active or not as before, or active with another importance. What became more important needs a new acknowledgement. */
  step(step: AlarmStep): void {
    const { condition } = step;
    const before = this.#last?.condition;
    const isActive = this.#isImportant(condition);
    const wasActive = this.isActive;
    if (isActive === wasActive && (!isActive || condition.importance === before?.importance)) return;
    const isWorse = isActive && (!wasActive || condition.importance > (before?.importance ?? 0));
    this.#take(step, isWorse ? false : this.node.currentBranch().getAckedState());
    this.node.raiseNewCondition(conditionInfo(step, isActive));
    stamp(this.node, new Date(step.gridMs));
    this.#tell();
  }

  /** As it was before a restart, without an event. */
  restore(step: AlarmStep, { isAcked, comment, user }: AlarmState): void {
    const branch = this.node.currentBranch();
    const time = new Date(step.gridMs);
    this.#take(step, isAcked);
    branch.setRetain(false);
    branch.setTime(time);
    branch.setReceiveTime(time);
    branch.setMessage(bilingual(step.condition.text));
    branch.setSeverity(step.condition.importance, { sourceTimestamp: time });
    branch.setComment(new LocalizedText(comment), { sourceTimestamp: time });
    branch.setClientUserId(user);
    stamp(this.node, time);
  }

  #take(step: AlarmStep, isAcked: boolean): void {
    const branch = this.node.currentBranch() as TimedBranch;
    const time = new Date(step.gridMs);
    const times = { transitionTime: time, effectiveTransitionTime: time };
    branch.setActiveState(this.#isImportant(step.condition), times);
    branch.setAckedState(isAcked, times);
    this.#last = step;
  }

  #isImportant({ importance }: Condition): boolean {
    return importance >= this.#from;
  }
}

interface Times {
  readonly transitionTime: Date;
  readonly effectiveTransitionTime: Date;
}

/** Its types leave out that the time of a change can be given. */
interface TimedBranch {
  setActiveState(isActive: boolean, times: Times): unknown;
  setAckedState(isAcked: boolean, times: Times): unknown;
}

function alarmNode({ namespace, channelName, streamName, channel, stream, source }: AlarmPlace): UAAlarmConditionEx {
  channel.addReference({ referenceType: 'HasEventSource', nodeId: source });
  const space = namespace.addressSpace;
  const type = space.findObjectType('MaintenanceRequiredAlarmType', space.getNamespaceIndex(DI_URI)) as UAObjectType;
  return namespace.instantiateAlarmCondition(type, {
    browseName: { name: 'MaintenanceRequired', namespaceIndex: namespace.index },
    nodeId: maintenanceAlarmId(channelName, streamName),
    displayName: bilingual({ en: 'Maintenance required', de: 'Wartung erforderlich' }),
    description: new LocalizedText({ locale: 'en', text: 'Active while the condition is important enough.' }),
    componentOf: stream,
    conditionSource: source,
    conditionOf: source,
    conditionName: 'MaintenanceRequired',
    conditionClass: resolveNodeId(ObjectTypeIds.MaintenanceConditionClassType),
    inputNode: source,
  });
}

function conditionInfo({ condition, gridMs }: AlarmStep, isActive: boolean): Parameters<UAAlarmConditionEx['raiseNewCondition']>[0] {
  const time = new Date(gridMs);
  // A reserved code says nothing of the machine.
  const quality = condition.code < 0 ? StatusCodes.UncertainNoCommunicationLastUsableValue : StatusCodes.Good;
  return { message: bilingual(condition.text), severity: condition.importance, quality, retain: isActive, time, receiveTime: time };
}

function stateOf(node: UAAlarmConditionEx, { condition, gridMs }: AlarmStep): Omit<AlarmState, 'stream'> {
  const branch = node.currentBranch();
  const { locale, text } = branch.getComment();
  const user: unknown = node.clientUserId.readValue().value.value;
  return {
    code: condition.code,
    gridMs,
    isAcked: branch.getAckedState(),
    comment: { locale: locale ?? '', text: text ?? '' },
    user: typeof user === 'string' ? user : '',
  };
}

/** Gives everything below an alarm the time of its change: the time at which this process got to it is nobody's business. */
function stamp(node: UAAlarmConditionEx, time: Date): void {
  stampBelow(node, time);
  // A change of a sub-state, even of its time alone, sets this one to now.
  const { effectiveTransitionTime } = node.enabledState;
  effectiveTransitionTime?.setValueFromSource({ dataType: DataType.DateTime, value: time }, StatusCodes.Good, time);
}

function stampBelow(node: UAObject | UAVariable, time: Date): void {
  for (const child of node.getAggregates()) {
    if (child.nodeClass !== NodeClass.Variable) continue;
    const variable = child as UAVariable;
    const { value, statusCode } = variable.readValue();
    variable.setValueFromSource(value, statusCode, time);
    stampBelow(variable, time);
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
    const [textTrue, textFalse] = [bilingual(whenTrue), bilingual(whenFalse)];
    const set = (child: UAVariable | undefined, value: LocalizedText) =>
      child?.setValueFromSource({ dataType: DataType.LocalizedText, value });
    set(state.trueState, textTrue);
    set(state.falseState, textFalse);
    // Where a state has no such child, node-opcua has names of its own.
    Object.assign(state, { getTrueState: () => textTrue, getFalseState: () => textFalse });
  }
  const branch = node.currentBranch();
  for (const value of [false, true]) branch.setEnabledState(value);
  for (const value of [true, false]) branch.setActiveState(value);
  for (const value of [false, true]) branch.setAckedState(value);
}
