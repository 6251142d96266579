import {
  type AddressSpace,
  type Namespace,
  StatusCodes,
  type UAObject,
  type UAObjectType,
  type UAVariable,
  type UAVariableType,
  Variant,
} from 'node-opcua';
import { DCMB_URI, type OBJECT_TYPES, type VARIABLE_TYPES } from '../../nodeset/index.ts';

/** An address space with this project's types loaded, and the namespace in which instances of them are made. */
export class DcmbSpace {
  readonly space: AddressSpace;
  readonly namespace: Namespace;

  constructor(space: AddressSpace, namespaceIndex: number) {
    this.space = space;
    this.namespace = space.getNamespace(namespaceIndex) as Namespace;
  }

  objectType(name: keyof typeof OBJECT_TYPES): UAObjectType {
    return this.foreignType(DCMB_URI, name);
  }

  variableType(name: keyof typeof VARIABLE_TYPES): UAVariableType {
    return found(this.space.findVariableType(name, this.indexOf(DCMB_URI)), name);
  }

  /** An object type of any nodeset that is loaded. */
  foreignType(uri: string, name: string): UAObjectType {
    return found(this.space.findObjectType(name, this.indexOf(uri)), name);
  }

  indexOf(uri: string): number {
    return this.space.getNamespaceIndex(uri);
  }
}

export function childObject(parent: UAObject, name: string): UAObject {
  return found(parent.getChildByName(name), name) as UAObject;
}

export function childVariable(parent: UAObject, name: string): UAVariable {
  return found(parent.getChildByName(name), name) as UAVariable;
}

/** Sets a variable that only the server writes. Time in ms since 1970: source timestamps carry no picoseconds. */
export function show(variable: UAVariable, value: ConstructorParameters<typeof Variant>[0], atMs: number): void {
  variable.setValueFromSource(new Variant(value), StatusCodes.Good, new Date(atMs));
}

function found<Node>(node: Node | null, name: string): Node {
  if (node === null) throw new Error(`The nodesets have no ${name}.`);
  return node;
}
