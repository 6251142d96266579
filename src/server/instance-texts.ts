import { DataType, DataValue, LocalizedText, type Namespace, NodeClass, type UAVariable, VariantArrayType } from 'node-opcua';

/*
 * The standard nodesets say nothing in the address space of what their nodes are for: their descriptions stand in the
 * specifications. These are for the instances that our servers make of them.
 */

/** Not in node-opcua's declarations: counts a change of meaning, and tells it to all. */
interface MeaningfulVariable extends UAVariable {
  handle_semantic_changed: () => void;
}

/** By BrowseName. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  // OPC UA Part 5, clause 6.4.2: events.
  EventId: 'Identifies the last event of this alarm. Acknowledge and AddComment take it.',
  EventType: 'The type of this alarm.',
  SourceNode: 'What the alarm is about.',
  SourceName: 'The name of what the alarm is about.',
  Time: 'When the alarm last changed.',
  ReceiveTime: 'When the server learned of the change.',
  Message: 'What happened, as text.',
  Severity: 'How much it matters, 1 to 1000.',
  // OPC UA Part 9, clauses 5.5 to 5.8: conditions and alarms.
  EnabledState: 'Whether the alarm is in use. It always is.',
  ActiveState: 'Whether what the alarm is for is the case.',
  AckedState: 'Whether a person has acknowledged the alarm since it last became worse.',
  LimitState: 'Which limit is exceeded.',
  Id: 'The state as a value for programs.',
  EffectiveDisplayName: 'The state with its sub-states, as text.',
  TransitionTime: 'When the state was entered.',
  EffectiveTransitionTime: 'When the state or one of its sub-states was entered.',
  TrueState: 'The text of the state when it is true.',
  FalseState: 'The text of the state when it is false.',
  InputNode: 'The variable that is watched.',
  NormalState: 'A variable whose value is normal. There is none.',
  SuppressedOrShelved: 'Whether the alarm is kept from operators. It never is.',
  Acknowledge: 'Acknowledges the alarm, with a comment.',
  AddComment: 'Adds a comment to the alarm.',
  Enable: 'Puts the alarm in use. For nobody: it always is.',
  Disable: 'Puts the alarm out of use. For nobody.',
  Confirm: 'Confirms that the cause was removed. For nobody.',
  ConditionClassId: 'What kind of alarm this is.',
  ConditionClassName: 'What kind of alarm this is, as text.',
  ConditionSubClassId: 'What kind of alarm this is, more closely.',
  ConditionSubClassName: 'What kind of alarm this is, more closely, as text.',
  ConditionName: 'The name of the alarm.',
  BranchId: 'Null: the alarm has no branches.',
  Retain: 'Whether the alarm is of interest: active, or not yet acknowledged.',
  Quality: 'How good the value is that the alarm goes by.',
  LastSeverity: 'The severity before the last change.',
  Comment: 'The last comment by a person.',
  SourceTimestamp: 'When the value beside it last changed.',
  ClientUserId: 'Who acknowledged or commented last.',
  HighLimit: 'The limit of the first level.',
  HighHighLimit: 'The limit of the second level.',
  LowLimit: 'A lower limit. There is none.',
  LowLowLimit: 'A second lower limit. There is none.',
  CurrentState: 'The state, as text.',
  LastTransition: 'The last change of the state.',
  // OPC UA Part 11, clause 5.2.3.
  AggregateConfiguration: 'How aggregates would be made of the history. There are none.',
  Stepped: 'Whether a value holds until the next one. It does.',
  TreatUncertainAsBad: 'Whether uncertain values would count as bad ones.',
  PercentDataBad: 'From which share of bad values on an aggregate would be bad.',
  PercentDataGood: 'From which share of good values on an aggregate would be good.',
  UseSlopedExtrapolation: 'Whether values would be drawn out beyond the last one.',
  // OPC UA Part 18, clause 4.4.
  Plc: 'The role of those who write raw values.',
  Manufacturer: 'The role of the recipient.',
  Auditor: 'The role of those who look on.',
  // OPC UA Part 3, clause 5.5 and 5.7.
  InputArguments: 'What the method takes.',
  OutputArguments: 'What the method gives.',
  // OPC UA Part 5, clause 6.3.13, and Part 18, clause 4.4.
  NamespaceUri: 'The URI of this namespace.',
  NamespaceVersion: 'The version of the model behind this namespace.',
  NamespacePublicationDate: 'When that version was published.',
  IsNamespaceSubset: 'Whether a part of the namespace is shown only.',
  StaticNodeIdTypes: 'The kinds of NodeId that are the same at every start.',
  StaticNumericNodeIdRange: 'The numeric NodeIds that are the same at every start.',
  StaticStringNodeIdPattern: 'The String NodeIds that are the same at every start.',
  Identities: 'Who has the role: the configuration says so, and no client learns it.',
};

/**
 * When all instances are built: none without a description, none that changes its meaning, and, of fixed values, no time with
 * picoseconds.
 */
export function finishFixedInstances(namespace: Namespace, now: Date): void {
  finishInstances(namespace);
  dropPicoseconds(namespace, now);
}

/** When all instances are built: none without a description, and none that changes its meaning. */
export function finishInstances(namespace: Namespace): void {
  describeInstances(namespace);
  keepMeanings(namespace);
}

/** Gives every instance without a description one. */
function describeInstances(namespace: Namespace): void {
  for (const node of namespace.nodeIterator()) {
    const text = DESCRIPTIONS[node.browseName.name ?? ''];
    if ((node.description?.text ?? '') === '' && text !== undefined) node.setDescription(new LocalizedText({ locale: 'en', text }));
  }
}

/**
 * Units, ranges and states are fixed while the server stands. node-opcua takes the reading of a structure for a change of it, and
 * would tell every session of another one's reading by a SemanticChangeEventType event (OPC UA Part 5, clause 6.4.33).
 */
function keepMeanings(namespace: Namespace): void {
  for (const node of namespace.nodeIterator()) {
    if (node.nodeClass === NodeClass.Variable) (node as MeaningfulVariable).handle_semantic_changed = () => undefined;
  }
}

/** Gives every value a time without picoseconds, which some clients read wrongly. For variables that keep their values. */
function dropPicoseconds(namespace: Namespace, now: Date): void {
  for (const node of namespace.nodeIterator()) {
    if (node.nodeClass !== NodeClass.Variable) continue;
    const variable = node as UAVariable;
    const { value, statusCode, sourcePicoseconds } = variable.readValue();
    if (sourcePicoseconds !== 0) variable.setValueFromSource(value, statusCode, now);
    // A structure's value is put together anew for each reader, with the time of the loading: a fixed one is given instead.
    if (value.dataType === DataType.ExtensionObject && value.arrayType === VariantArrayType.Scalar) {
      const fixed = new DataValue({ value, statusCode, sourceTimestamp: now });
      variable.bindVariable({ timestamped_get: () => fixed }, true);
    }
  }
}
