import { TagWriter } from '../../src/client/index.ts';
import { linkOptions, trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { Canaries, type Secret, SECRETS } from './canaries.ts';
import { compareIds, movedByWrites, snapshot } from './busy.ts';
import { tryIntruders } from './intruders.ts';
import { type ServerName } from './leak-plant.ts';
import { askAsOutsider, OUTSIDERS } from './outsiders.ts';
import { PlantScene } from './plant-scene.ts';
import { RoleProbes, victim } from './role-probes.ts';
import { type Actor, Tally } from './scene.ts';
import type { Finding } from './services.ts';

/** Told of each step, with how many requests went before it. */
export type Progress = (line: string) => void;

const ALL = Object.keys(SECRETS) as Secret[];
const SERVERS: readonly ServerName[] = ['ingest', 'cleared', 'applications'];
const QUIET_LOOKS = 3;
/** Writes of each tag in an interval that has much. */
const MANY = 40;

/** The leak matrix against a running plant: an owner's and a manufacturer's module in processes of their own. */
export async function runMatrix(progress: Progress = () => undefined): Promise<Tally> {
  const tally = new Tally();
  progress('starting a plant');
  const scene = await PlantScene.start(new Canaries());
  try {
    for (const actor of scene.actors) {
      progress(`${tally.probes} probes so far; ${actor.name}`);
      await asRole(scene, actor, tally);
    }
    for (const server of SERVERS) {
      progress(`${tally.probes} probes so far; ${server}: without a session`);
      await asNobody(scene, server, tally);
    }
    progress(`${tally.probes} probes so far; ids, and what others get`);
    for (const actor of scene.actors.filter(({ name }) => name === 'cleared: manufacturer')) {
      await compareIds(actor, () => connectElsewhere(scene), tally);
    }
    searchLogs(scene, tally);
    return tally;
  } finally {
    await scene.stop();
  }
}

/** Everything that a role can ask, with others at the same server to reach for, and with much written or nothing. */
async function asRole(scene: PlantScene, actor: Actor, tally: Tally): Promise<void> {
  const role = await RoleProbes.login(scene, actor, tally);
  try {
    await role.askAboutNodes();
    await role.watchValues();
    const nodes = await role.sweep();
    const server = actor.name.split(':')[0] as ServerName;
    const another = scene.actorsAt(server).find((each) => each !== actor);
    if (another !== undefined) {
      const { others, close } = await victim(another);
      await role.askAboutSessions(others);
      await close();
    }
    if (!actor.denied.includes('writeCounts')) return;
    const look = () => snapshot(role.wire, nodes, tally);
    const quiet = [];
    for (let looked = 0; looked < QUIET_LOOKS; looked++) {
      await scene.plant.intervals(1);
      quiet.push(await look());
    }
    await scene.write(MANY);
    const busy = [await look()];
    await scene.plant.intervals(1);
    busy.push(await look());
    movedByWrites(quiet, busy, actor, tally);
  } finally {
    await role.close();
  }
}

/** Every service without a session of one's own, and everybody who must not get one. */
async function asNobody(scene: PlantScene, server: ServerName, tally: Tally): Promise<void> {
  const [actor] = scene.actorsAt(server);
  if (actor === undefined) throw new Error(`Nobody asks at ${server}.`);
  const search = { canaries: scene.canaries, tally };
  const insider = await RoleProbes.login(scene, actor, tally);
  try {
    for (const outsider of OUTSIDERS) {
      const as = { ...actor, name: `${server}: ${outsider.name}`, denied: ALL };
      // What exists on every server; and what exists on one only, for who may not know of it.
      for (const nodeId of [
        'i=2256',
        ...scene
          .nodesFor(actor)
          .slice(0, 1)
          .map(({ id }) => id),
      ]) {
        await askAsOutsider(outsider, insider.wire, as, nodeId, search);
      }
    }
  } finally {
    await insider.close();
  }
  const { name, password } = scene.loginAt(server);
  const others = { ingest: 'operator', cleared: 'auditor', applications: 'viewer' } as const;
  const other = scene.nameOf(others[server]);
  await tryIntruders({ name: server, target: actor.target }, { own: actor.own, user: { name, password }, other }, ALL, search);
}

/** PLCs connect to the ingest server and go. */
async function connectElsewhere({ plant }: PlantScene): Promise<void> {
  const pki = plant.plcPki;
  const url = `opc.tcp://localhost:${plant.target('ingest').port}`;
  for (let connected = 0; connected < 3; connected++) {
    const writer = new TagWriter(linkOptions(url, loadIdentity(pki, 'plc'), trustListOf(pki, 'plc'), undefined));
    await writer.connect();
    await writer.close();
  }
}

/** What the modules print may go to anybody who helps with a fault: neither values nor limits nor the manufacturer's to know. */
function searchLogs({ plant, canaries }: PlantScene, tally: Tally): void {
  const denied: Readonly<Record<'owner' | 'manufacturer', readonly Secret[]>> = {
    owner: ['values', 'writeTimes', 'thresholds'],
    manufacturer: ALL,
  };
  for (const [module, printed] of Object.entries(plant.printed) as ['owner' | 'manufacturer', string][]) {
    if (printed === '') throw new Error(`The ${module}'s module printed nothing.`);
    for (const { secret, what } of canaries.inBytes(Buffer.from(printed))) {
      if (!denied[module].includes(secret)) continue;
      const finding: Finding = { detector: 'canary', secret, actor: `log of the ${module}`, service: 'Logs', what };
      tally.find(finding);
    }
  }
}
