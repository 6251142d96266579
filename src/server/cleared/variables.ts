import { AccessLevelFlag, makeAccessLevelFlag, StatusCodes, type UAObject, type UAVariable, type VariantLike } from 'node-opcua';

/** A component or property of an instance, by its BrowseName; it must be there, for its type demands it. */
export function childOf(parent: UAObject | UAVariable, name: string): UAVariable {
  const child = parent.getChildByName(name);
  if (child === null) throw new Error(`The nodeset lacks ${name} below ${parent.browseName.toString()}.`);
  return child as UAVariable;
}

export function objectBelow(parent: UAObject, name: string): UAObject {
  return childOf(parent, name) as unknown as UAObject;
}

/**
 * The variables below one object, written together. Readable and nothing else; before the first value they answer
 * BadWaitingForInitialData.
 */
export class ReadOnlyVariables<Name extends string> {
  readonly #variables = new Map<Name, UAVariable>();

  constructor(parent: UAObject, names: readonly Name[]) {
    for (const name of names) {
      const variable = childOf(parent, name);
      readOnly(variable);
      waitForFirstValue(variable);
      this.#variables.set(name, variable);
    }
  }

  /** @param atMs source timestamp, ms since 1970 UTC */
  set(name: Name, value: VariantLike, atMs: number): void {
    this.#variables.get(name)?.setValueFromSource(value, StatusCodes.Good, new Date(atMs));
  }
}

export function readOnly(variable: UAVariable): void {
  variable.accessLevel = makeAccessLevelFlag(AccessLevelFlag.CurrentRead);
  variable.userAccessLevel = makeAccessLevelFlag(AccessLevelFlag.CurrentRead);
  // 0: a client that asks for it is told of each change at once, of all streams together.
  variable.minimumSamplingInterval = 0;
}

/** A fixed property. All times are given, for node-opcua's own have picoseconds, which some clients read wrongly. */
export function setProperty(parent: UAObject | UAVariable, name: string, value: VariantLike): void {
  const variable = childOf(parent, name);
  variable.setValueFromSource(value, StatusCodes.Good, new Date());
  variable.accessLevel = makeAccessLevelFlag(AccessLevelFlag.CurrentRead);
  variable.userAccessLevel = makeAccessLevelFlag(AccessLevelFlag.CurrentRead);
}

export function waitForFirstValue(variable: UAVariable): void {
  variable.setValueFromSource({ dataType: 'Null' }, StatusCodes.BadWaitingForInitialData, new Date());
}
