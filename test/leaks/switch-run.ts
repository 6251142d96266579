import { Canaries } from './canaries.ts';
import { compareIds, movedByWrites, snapshot } from './busy.ts';
import { InProcessScene, PASSWORD } from './in-process.ts';
import { tryIntruders } from './intruders.ts';
import { OWNER_USERS } from './leak-plant.ts';
import { askAsOutsider, OUTSIDERS } from './outsiders.ts';
import { RoleProbes, victim } from './role-probes.ts';
import { type Actor, Tally } from './scene.ts';
import type { Finding } from './services.ts';
import type { Part, Switch } from './switches.ts';

/** All but ids, of which a server in a process of its own has its own. */
export const PARTS: readonly Part[] = ['ask', 'watch', 'sessions', 'sweep', 'outsiders', 'busy', 'intruders', 'two users'];

/** Runs parts of the matrix against a server in this process, with one leak put back or with none. */
export async function runInProcess(
  reopened: Pick<Switch, 'reopen'> | undefined,
  parts: readonly Part[],
  role?: Switch['actor'],
): Promise<Tally> {
  const canaries = new Canaries();
  const scene = await InProcessScene.start(canaries, reopened?.reopen);
  const tally = new Tally();
  try {
    await scene.write(2);
    const actors = scene.actors.filter(({ name }) => role === undefined || name.endsWith(role));
    for (const actor of actors) for (const part of parts) await WORK[part]({ scene, actor, tally, canaries });
    return tally;
  } finally {
    await scene.stop();
  }
}

/** The finding that a switch has to bring about, if it is there. */
export function foundBy({ found }: Switch, tally: Tally): Finding | undefined {
  return tally.findings.find(
    ({ detector, service, secret }) => detector === found.detector && service === found.service && secret === found.secret,
  );
}

interface Work {
  readonly scene: InProcessScene;
  readonly actor: Actor;
  readonly tally: Tally;
  readonly canaries: Canaries;
}

async function asRole({ scene, actor, tally }: Work, work: (role: RoleProbes) => Promise<unknown>): Promise<void> {
  const role = await RoleProbes.login(scene, actor, tally);
  try {
    await work(role);
  } finally {
    await role.close();
  }
}

const WORK: Readonly<Record<Part, (work: Work) => Promise<void>>> = {
  ask: (work) => asRole(work, (role) => role.askAboutNodes()),
  watch: (work) => asRole(work, (role) => role.watchValues()),
  sweep: (work) => asRole(work, (role) => role.sweep()),
  sessions: (work) => asRole(work, (role) => askForOthers(work, role)),
  outsiders: (work) =>
    asRole(work, async (role) => {
      const { actor } = work;
      for (const outsider of OUTSIDERS) {
        await askAsOutsider(outsider, role.wire, { ...actor, name: `in process: ${outsider.name}` }, 'i=2256', work);
      }
    }),
  busy: (work) =>
    asRole(work, async (role) => {
      const { scene, actor, tally } = work;
      const nodes = await role.browse();
      const look = () => snapshot(role.wire, nodes, tally);
      const quiet = [await look(), await look()];
      await scene.write(20);
      movedByWrites(quiet, [await look()], actor, tally);
    }),
  // Others connect to another server, in the same process.
  ids: async ({ actor, tally }) => {
    const other = await InProcessScene.start(new Canaries());
    try {
      const connect = async (): Promise<void> => {
        for (const each of other.actors) await (await victim(each)).close();
      };
      await compareIds(actor, connect, tally);
    } finally {
      await other.stop();
    }
  },
  intruders: async (work) => {
    const { actor } = work;
    const known = { own: actor.own, user: { name: actor.ownName ?? '', password: PASSWORD }, other: OWNER_USERS.operator };
    await tryIntruders({ name: 'in process', target: actor.target }, known, actor.denied, work);
  },
  'two users': async (work) => {
    const { scene, tally } = work;
    const operator = await RoleProbes.login(scene, scene.operator, tally);
    try {
      await operator.askAboutNodes();
      await asRole(work, async (role) => {
        await role.askAboutNodes();
        await askForOthers(work, role);
      });
    } finally {
      await operator.close();
    }
  },
};

async function askForOthers({ scene, actor }: Work, role: RoleProbes): Promise<void> {
  const another = await victim(scene.actors.find((each) => each !== actor) ?? actor);
  await role.askAboutSessions(another.others);
  await another.close();
}
