import {
  coerceInt64,
  DataType,
  EnumValueType,
  StatusCodes,
  type UAAlarmConditionEx,
  type UAEventType,
  type UAObject,
  type UAVariable,
  VariantArrayType,
} from 'node-opcua';
import { DELIVERY_STATE, LEDGER_STATE } from '../../nodeset/index.ts';
import type { DeviceHealth } from './machine-nodes.ts';
import { type Condition, conditionsOf } from './conditions.ts';
import type { AlarmState, ClearedBatchState, ClearedPublication, ClearedStream } from './contract.ts';
import { bilingual } from './locales.ts';
import type { MaintenanceAlarm } from './maintenance-alarm.ts';
import { childOf, readOnly, ReadOnlyVariables, setProperty, waitForFirstValue } from './variables.ts';

const NAMES = [
  'Condition',
  'ConditionCode',
  'Importance',
  'GridTime',
  'NextPublicationTime',
  'BatchId',
  'LedgerState',
  'DeliveryState',
  'TransactionId',
] as const;

/** One cleared stream in the address space: a StreamType object. */
export class StreamNodes {
  readonly #stream: ClearedStream;
  readonly #conditions: ReadonlyMap<number, Condition>;
  readonly #variables: ReadOnlyVariables<(typeof NAMES)[number]>;
  readonly #valueAsText: UAVariable;
  readonly #alarm: MaintenanceAlarm;
  #shown: ClearedPublication | undefined;

  constructor(object: UAObject, stream: ClearedStream, alarm: MaintenanceAlarm) {
    this.#alarm = alarm;
    this.#stream = stream;
    this.#conditions = conditionsOf(stream);
    this.#variables = new ReadOnlyVariables(object, NAMES);
    const code = childOf(object, 'ConditionCode');
    setProperty(code, 'EnumValues', { dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array, value: this.#enumValues() });
    this.#valueAsText = childOf(code, 'ValueAsText');
    readOnly(this.#valueAsText);
    waitForFirstValue(this.#valueAsText);
  }

  get alarm(): UAAlarmConditionEx {
    return this.#alarm.node;
  }

  /** True for a code that this stream can show. */
  knows(code: number): boolean {
    return this.#conditions.has(code);
  }

  /** Shows a publication; a code that the agreement does not know shows nothing, for `knows` was asked before. */
  show(publication: ClearedPublication, state: ClearedBatchState): void {
    const condition = this.#conditions.get(publication.code);
    if (condition === undefined) return;
    const text = { dataType: DataType.LocalizedText, value: bilingual(condition.text) };
    const at = publication.gridMs;
    this.#variables.set('Condition', text, at);
    this.#valueAsText.setValueFromSource(text, StatusCodes.Good, new Date(at));
    this.#variables.set('ConditionCode', { dataType: DataType.Int32, value: condition.code }, at);
    this.#variables.set('Importance', { dataType: DataType.UInt16, value: condition.importance }, at);
    this.#variables.set('GridTime', { dataType: DataType.DateTime, value: new Date(at) }, at);
    this.#variables.set('NextPublicationTime', { dataType: DataType.DateTime, value: new Date(publication.nextMs) }, at);
    this.#variables.set('BatchId', { dataType: DataType.UInt32, value: publication.batch }, at);
    this.#variables.set('LedgerState', { dataType: DataType.Int32, value: LEDGER_STATE[state.ledgerState] }, at);
    this.#variables.set('DeliveryState', { dataType: DataType.Int32, value: DELIVERY_STATE[state.deliveryState] }, at);
    this.#variables.set('TransactionId', { dataType: DataType.String, value: state.txId }, at);
    this.#shown = publication;
    this.#alarm.step({ condition, gridMs: at });
  }

  /** What is remembered of the alarm, before anything is shown. */
  restoreAlarm(state: AlarmState): void {
    const condition = this.#conditions.get(state.code);
    if (condition !== undefined) this.#alarm.restore({ condition, gridMs: state.gridMs }, state);
  }

  /** Undefined before the first publication. */
  get health(): DeviceHealth | undefined {
    if (this.#shown === undefined) return undefined;
    if (this.#alarm.isActive) return 'MAINTENANCE_REQUIRED';
    return this.#shown.code < 0 ? 'CHECK_FUNCTION' : 'NORMAL';
  }

  /** Raises ConditionClearedEventType on the channel when the condition is another one than the one shown before. */
  announce(publication: ClearedPublication, channel: UAObject, eventType: UAEventType): void {
    const condition = this.#conditions.get(publication.code);
    if (condition === undefined || this.#shown?.code === publication.code) return;
    const { title } = this.#stream;
    const { text } = condition;
    channel.raiseEvent(eventType, {
      sourceName: { dataType: DataType.String, value: this.#stream.name },
      time: { dataType: DataType.DateTime, value: new Date(publication.gridMs) },
      receiveTime: { dataType: DataType.DateTime, value: new Date(publication.gridMs) },
      severity: { dataType: DataType.UInt16, value: condition.importance },
      message: {
        dataType: DataType.LocalizedText,
        value: bilingual({ en: `${title.en}: ${text.en}`, de: `${title.de}: ${text.de}` }),
      },
      batchId: { dataType: DataType.UInt32, value: publication.batch },
      gridTime: { dataType: DataType.DateTime, value: new Date(publication.gridMs) },
      stream: { dataType: DataType.String, value: this.#stream.name },
      conditionCode: { dataType: DataType.Int32, value: condition.code },
    });
  }

  #enumValues(): EnumValueType[] {
    return [...this.#conditions.values()].map(
      (condition) =>
        new EnumValueType({
          value: coerceInt64(condition.code),
          displayName: bilingual(condition.text),
          description: bilingual(condition.text),
        }),
    );
  }
}
