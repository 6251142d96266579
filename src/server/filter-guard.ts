import {
  AttributeIds,
  DataChangeFilter,
  DeadbandType,
  ElementOperand,
  EventFilter,
  type ExtensionObject,
  type MonitoredItem,
  MonitoredItemModifyResult,
  type MonitoringParameters,
  type ReadValueId,
  type StatusCode,
  StatusCodes,
} from 'node-opcua';

/*
 * A filter is evaluated long after the request that brought it: in the middle of what raises an event or sets a value. node-opcua
 * lets what the evaluation throws go there, past the other listeners and into a timer or the module. Here a filter is
 * examined when it comes, and what it throws all the same is the matter of its own item.
 */

const EVENTS: number = AttributeIds.EventNotifier;
const MOST_SELECTED = 200;
const MOST_ELEMENTS = 200;
/** An item keeps its filter, with whatever literals a client wrote into it. */
const MOST_BYTES = 16 * 1024;
/** Evaluations of elements for one event: each may name others, and those are evaluated again for each that names them. */
const MOST_EVALUATIONS = 200;

/** What of a monitored item gets to filters; its types hide most of it. */
interface Evaluations {
  filter: ExtensionObject | null;
  readonly itemToMonitor: ReadValueId | null;
  _is_sampling: boolean;
  modify: MonitoredItem['modify'];
  recordValue(...all: unknown[]): boolean;
  _on_opcua_event(event: unknown): void;
  _on_sampling_timer(): void;
  __start_sampling(isInitialRecorded: boolean): void;
}

/** Good, or why an item cannot have this filter (OPC UA Part 4, clauses 7.22 and 7.7). */
export function judgeFilter(filter: ExtensionObject | null | undefined, attributeId: number): StatusCode {
  if (attributeId === EVENTS && !(filter instanceof EventFilter)) return StatusCodes.BadMonitoredItemFilterInvalid;
  if (filter && filter.binaryStoreSize() > MOST_BYTES) return StatusCodes.BadMonitoredItemFilterInvalid;
  if (filter instanceof EventFilter) return judgeEvents(filter);
  if (filter instanceof DataChangeFilter) return judgeDeadband(filter);
  return StatusCodes.Good;
}

function judgeEvents({ selectClauses, whereClause }: EventFilter): StatusCode {
  const elements = whereClause?.elements ?? [];
  if ((selectClauses?.length ?? 0) > MOST_SELECTED || elements.length > MOST_ELEMENTS) return StatusCodes.BadEventFilterInvalid;
  let evaluations = 0;
  const evaluate = (index: number): boolean => {
    if (++evaluations > MOST_EVALUATIONS) return false;
    const operands = elements[index]?.filterOperands ?? [];
    return operands.every((operand) => !(operand instanceof ElementOperand) || evaluate(operand.index));
  };
  return evaluate(0) ? StatusCodes.Good : StatusCodes.BadEventFilterInvalid;
}

function judgeDeadband({ deadbandType, deadbandValue }: DataChangeFilter): StatusCode {
  if (deadbandType === Number(DeadbandType.None)) return StatusCodes.Good;
  return Number.isFinite(deadbandValue) && deadbandValue >= 0 ? StatusCodes.Good : StatusCodes.BadDeadbandFilterInvalid;
}

/** Keeps what an item's filter throws with that item: the event or value at hand does not match. Call it for each new item. */
export function guardItem(monitoredItem: MonitoredItem): void {
  const item = monitoredItem as unknown as Evaluations;
  guardModification(item);
  const record = item.recordValue.bind(item);
  const takeEvent = item._on_opcua_event.bind(item);
  const sample = item._on_sampling_timer.bind(item);
  const start = item.__start_sampling.bind(item);
  item.recordValue = (...all) => attempt(() => record(...all), false);
  item._on_opcua_event = (event) => attempt(() => takeEvent(event), undefined);
  item.__start_sampling = (isInitialRecorded) => attempt(() => start(isInitialRecorded), undefined);
  item._on_sampling_timer = () => {
    try {
      sample();
    } catch {
      item._is_sampling = false;
    }
  };
}

/** node-opcua takes a filter before it judges it. */
function guardModification(item: Evaluations): void {
  const modify = item.modify.bind(item);
  item.modify = (timestamps, parameters) => {
    const before = item.filter;
    const judged = judgeFilter(modified(parameters, item), item.itemToMonitor?.attributeId ?? 0);
    if (judged.isNotGood()) return new MonitoredItemModifyResult({ statusCode: judged });
    const result = attempt(
      () => modify(timestamps, parameters),
      new MonitoredItemModifyResult({ statusCode: StatusCodes.BadMonitoredItemFilterInvalid }),
    );
    if (result.statusCode.isNotGood()) item.filter = before;
    return result;
  };
}

/** An item on events that is modified without a filter keeps the one it has. */
function modified(parameters: MonitoringParameters | null, { filter, itemToMonitor }: Evaluations): ExtensionObject | null {
  if (parameters === null) return filter;
  if (!parameters.filter && itemToMonitor?.attributeId === EVENTS) parameters.filter = filter;
  return parameters.filter;
}

function attempt<Result>(work: () => Result, otherwise: Result): Result {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
