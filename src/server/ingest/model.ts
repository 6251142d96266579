import { type AddressSpace, DataType, type NodeId, type UAObject } from 'node-opcua';
import type { Clock } from '../../core/index.ts';
import { type Children, MODULE_ID, MODULE_STATE, type ModuleState } from '../../nodeset/index.ts';
import type { RoleIds } from '../identity/index.ts';
import { addMachine, type MachineIdentification } from '../machine-node.ts';
import { ChannelNode } from './channel-node.ts';
import { childObject, childVariable, DcmbSpace, show } from './dcmb-space.ts';
import { openAlarms } from './channel-alarm.ts';
import { instanceDefaults, stateNode } from './permissions.ts';
import type { ArrayGate } from './array-gate.ts';
import type { TagGate } from './tag-gate.ts';
import { addTagNode } from './tag-node.ts';
import type { IngestChannel } from './types.ts';

/** The instances of the ingest server: machine, module among its components, and below it tags and channels. */
export class IngestModel {
  readonly #model: DcmbSpace;
  readonly #roles: RoleIds;
  readonly #clock: Clock;
  readonly #module: UAObject;

  constructor(space: AddressSpace, namespaceIndex: number, roles: RoleIds, machine: MachineIdentification, clock: Clock) {
    this.#model = new DcmbSpace(space, namespaceIndex);
    this.#roles = roles;
    this.#clock = clock;
    this.#model.namespace.setDefaultRolePermissions(instanceDefaults(roles));
    openAlarms(this.#model, roles);
    const { components } = addMachine(this.#model, machine, clock.now());
    this.#module = this.#addModule(components);
    this.showState('Starting', '');
  }

  /** @returns its NodeId */
  addTag(gate: TagGate | ArrayGate): NodeId {
    const { namespace } = this.#model;
    const folder = childObject(this.#module, 'Tags' satisfies Children['DcmbModuleType']);
    return addTagNode({ folder, tagType: this.#model.variableType('TagType'), namespace, roles: this.#roles }, gate);
  }

  addChannel(channel: IngestChannel): ChannelNode {
    const folder = childObject(this.#module, 'Channels' satisfies Children['DcmbModuleType']);
    return new ChannelNode(this.#model, folder, channel, this.#roles, this.#clock.now());
  }

  showState(state: ModuleState, text: string): void {
    const nowMs = this.#clock.now();
    show(this.#moduleChild('State'), { dataType: DataType.Int32, value: MODULE_STATE[state] }, nowMs);
    show(this.#moduleChild('StateText'), { dataType: DataType.LocalizedText, value: { text } }, nowMs);
  }

  #addModule(components: UAObject): UAObject {
    const module = this.#model.objectType('DcmbModuleType').instantiate({
      browseName: { name: 'Dcmb', namespaceIndex: this.#model.namespace.index },
      nodeId: MODULE_ID,
      namespace: this.#model.namespace,
      componentOf: components,
      optionals: ['Tags'] satisfies Children['DcmbModuleType'][],
    });
    for (const name of ['State', 'StateText'] as const) {
      childVariable(module, name satisfies Children['DcmbModuleType']).setRolePermissions(stateNode(this.#roles));
    }
    return module;
  }

  #moduleChild(name: Children['DcmbModuleType']) {
    return childVariable(this.#module, name);
  }
}
