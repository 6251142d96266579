import { certificateUser, passwordUser } from '../support/ua-client.ts';
import { thumbprintOf } from '../../src/server/identity/index.ts';
import type { TagWriter } from '../../src/client/index.ts';
import { type Canaries, type Secret, SECRETS } from './canaries.ts';
import { CanarySource, TAGS } from './canary-policy.ts';
import { INGEST_AUDITOR, LeakPlant, OTHER_CHANNEL, OWNER_USERS, type ServerName } from './leak-plant.ts';
import { type Actor, type AskedNode, type Scene, twinOf } from './scene.ts';

const ALL = Object.keys(SECRETS) as Secret[];
/** Index of the namespace of instances, the same at every start. */
const INSTANCES = 6;
const CHILDREN = ['LastStatus', 'LastTime', 'AcceptedCount', 'RefusedCount'] as const;

/** What PLCs and operators need for their work is no secret to them. */
const DENIED: Readonly<Record<string, readonly Secret[]>> = {
  plc: ['values', 'writeTimes', 'writeCounts', 'readingCounts', 'thresholds', 'users'],
  operator: ['values', 'writeTimes', 'thresholds', 'users'],
  // Is told who wrote to which tag.
  auditor: ['values', 'writeTimes', 'thresholds', 'otherChannel'],
};

/** A running plant with everybody who can ask something. */
export class PlantScene implements Scene {
  readonly plant: LeakPlant;
  readonly canaries: Canaries;
  readonly actors: readonly Actor[];
  readonly #source: CanarySource;
  readonly #plc: TagWriter;

  private constructor(plant: LeakPlant, canaries: Canaries, plc: TagWriter) {
    this.plant = plant;
    this.canaries = canaries;
    this.#source = new CanarySource(canaries);
    this.#plc = plc;
    this.actors = actorsOf(plant);
    for (const name of Object.values(OWNER_USERS)) canaries.addText('users', name);
    canaries.addText('users', thumbprintOf(plant.plcIdentity.certificate));
    const [other] = plant.plant.others;
    for (const text of [OTHER_CHANNEL, other?.channelId ?? '', other?.ledgerId ?? '']) canaries.addText('otherChannel', text);
  }

  static async start(canaries: Canaries): Promise<PlantScene> {
    const plant = await LeakPlant.start();
    try {
      const scene = new PlantScene(plant, canaries, await plant.plc());
      await scene.write(2);
      await plant.intervals(2);
      return scene;
    } catch (error) {
      await plant.stop();
      throw error;
    }
  }

  async write(each: number): Promise<void> {
    const results = await this.#plc.write(this.#source.next(each));
    const refused = results.find(({ accepted }) => !accepted);
    if (refused !== undefined) throw new Error(`A canary was refused: ${refused.nodeId} ${refused.status}.`);
  }

  nodesFor(actor: Actor): readonly AskedNode[] {
    const visibility = actor.denied.includes('tags') ? 'hidden' : 'denied';
    const asked = (id: string, name: string): AskedNode => ({
      id: `ns=${INSTANCES};${id}`,
      twin: `ns=${INSTANCES};${twinOf(id, name)}`,
      visibility,
    });
    const tags = TAGS.map(({ name }) => asked(`s=Tags/${name}`, name));
    const [first] = TAGS;
    const children = CHILDREN.map((child) => asked(`s=Tags/${first!.name}-${child}`, first!.name));
    // The same role as a person's, which asks about all.
    if (actor.name.endsWith("manufacturer's module")) return tags.slice(0, 2);
    if (visibility === 'hidden') return [...tags, ...children.slice(1, 3), asked('s=Module', 'Module')];
    return actor.name.endsWith('plc') ? [...tags, ...children] : tags;
  }

  actorsAt(server: ServerName): readonly Actor[] {
    return this.actors.filter(({ name }) => name.startsWith(`${server}: `));
  }

  /** Somebody who gets in. */
  loginAt(server: ServerName): { readonly name: string; readonly password: string } {
    const { logins } = this.plant.plant;
    if (server === 'ingest') return { name: OWNER_USERS.plc, password: logins.plc.password };
    return server === 'cleared' ? logins.manufacturer : logins.viewer;
  }

  /** The user name of a role. */
  nameOf(role: 'operator' | 'auditor' | 'viewer'): string {
    return role === 'operator' ? OWNER_USERS.operator : this.plant.plant.logins[role].name;
  }

  async stop(): Promise<void> {
    await this.#plc.close();
    await this.plant.stop();
  }
}

function actorsOf(plant: LeakPlant): Actor[] {
  const { logins } = plant.plant;
  const at = (server: ServerName) => ({ target: plant.target(server), own: plant.applications[server] });
  const byPassword = (server: ServerName, role: string, name: string, password: string): Actor => ({
    ...at(server),
    name: `${server}: ${role}`,
    user: passwordUser(name, password),
    denied: (server === 'ingest' ? DENIED[role] : undefined) ?? ALL,
    ownName: name,
    mayWrite: role === 'plc',
  });
  return [
    byPassword('ingest', 'plc', OWNER_USERS.plc, logins.plc.password),
    byPassword('ingest', 'operator', OWNER_USERS.operator, logins.operator.password),
    byPassword('ingest', 'auditor', INGEST_AUDITOR.name, INGEST_AUDITOR.password),
    byPassword('cleared', 'manufacturer', logins.manufacturer.name, logins.manufacturer.password),
    byPassword('cleared', 'auditor', logins.auditor.name, logins.auditor.password),
    {
      ...at('cleared'),
      name: "cleared: manufacturer's module",
      own: plant.receiverIdentity,
      user: certificateUser(plant.receiverIdentity),
      denied: ALL,
    },
    byPassword('applications', 'viewer', logins.viewer.name, logins.viewer.password),
  ];
}
