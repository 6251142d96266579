import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CallRequest,
  DataType,
  HistoryReadRequest,
  NodeClass,
  ReadRawModifiedDetails,
  resolveNodeId,
  type UserIdentityInfo,
} from 'node-opcua';
import { exportAudit, UnavailableError } from '../../src/app/index.ts';
import { channelChildId, channelNodeId } from '../../src/nodeset/index.ts';
import type { ApplicationIdentity } from '../../src/server/index.ts';
import { certificateUser, passwordUser } from '../support/ua-client.ts';
import { testIdentity } from '../support/ua-server.ts';
import { until } from '../support/until.ts';
import type { Canaries, Sighting } from './canaries.ts';
import { canariesIn } from './decoded.ts';
import { showFigures } from './figures.ts';
import { childrenRunning, searchMemory } from './process-memory.ts';
import { Tally } from './scene.ts';
import { browseAll, readAll, type SweptNode, watchEvents } from './sweep.ts';
import { type MakerSide, TwoManufacturers } from './two-manufacturers.ts';
import { Wire } from './wire.ts';

/** Index of the namespace of instances, the same at every start. */
const INSTANCES = 6;
const BATCHES = [0, 1, 2, 3, 1000];

interface Received {
  readonly bytes: Buffer;
  readonly decoded: readonly object[];
}

/** What of these canaries stands in what was received. */
function sightings({ bytes, decoded }: Received, canaries: Canaries): string[] {
  const found: readonly Sighting[] = [...canaries.inBytes(bytes), ...decoded.flatMap((message) => canariesIn(message, canaries))];
  return [...new Set(found.map(({ what }) => what))];
}

describe('two manufacturers on the same tags learn nothing of each other', () => {
  let plant: TwoManufacturers;
  const tally = new Tally();
  /** Name of the channel whose store can't be written now. */
  let failing: string | undefined;

  before(async () => {
    plant = await TwoManufacturers.create();
    await plant.start({ adapters: { senderStore: (store, channel) => failingWhere(store, () => channel === failing) } });
    for (const heat of [39.5, 69.1, 80]) {
      assert.deepEqual(await plant.write(heat, 1200), ['Good', 'Good']);
      await plant.received(1);
    }
  });
  after(() => plant.end());

  const pairs = (): [name: string, side: MakerSide, other: MakerSide][] => {
    const [one, two] = plant.sides;
    return [
      ['the first', one, two],
      ['the second', two, one],
    ];
  };

  /** Nothing of the other's, and something of the own: a search that never finds proves nothing. */
  function onlyOwn(what: string, received: Received, side: MakerSide, other: MakerSide): void {
    const foreign = sightings(received, other.secrets);
    for (const each of foreign) tally.find({ detector: 'canary', secret: 'otherChannel', actor: what, service: 'Read', what: each });
    assert.deepEqual(foreign, [], what);
    assert.notDeepEqual(sightings(received, side.secrets), [], `${what}: the search finds what is there`);
  }

  test('a written value is cleared for both, by the terms of each', async () => {
    await plant.write(69.1, 500);
    // Between the limits of both makers, and above the first one's upper limit.
    const [one, two] = plant.sides;
    await until('each has its own condition', () => has(one, 61_733_102, 'Falkenhitze') && has(two, 94_155_701, 'Otterlauf'));
  });

  test('whoever a manufacturer sends finds nothing of the other on its server: all nodes, attributes, events, history, methods', async () => {
    for (const [name, side, other] of pairs()) {
      const { manufacturer, auditor } = side.channel.logins;
      const byPassword = (login: typeof auditor) => [side.application, passwordUser(login.name, login.password)] as const;
      const asked: readonly (readonly [role: string, ApplicationIdentity, UserIdentityInfo])[] = [
        ['manufacturer', ...byPassword(manufacturer)],
        ['auditor', ...byPassword(auditor)],
        ["manufacturer's module", side.receiver, certificateUser(side.receiver)],
      ];
      // What the first one finds, among thousands of standard nodes, the others ask for by its id.
      let nodes: readonly SweptNode[] = [];
      for (const [role, own, user] of asked) {
        const wire = await Wire.open(own, side.target);
        try {
          assert.equal(await wire.login(user), 'Good');
          if (nodes.length === 0) {
            const all = await browseAll(wire, tally);
            await readAll(wire, all, tally);
            nodes = all.filter(({ nodeId }) => nodeId.namespace === INSTANCES);
          }
          await askForAll(wire, nodes, side.channel.name);
          onlyOwn(`${name}: ${role}`, receivedBy(wire), side, other);
        } finally {
          await wire.close();
        }
      }
    }
  });

  async function askForAll(wire: Wire, nodes: readonly SweptNode[], channel: string): Promise<void> {
    const events = await watchEvents(wire, tally);
    await readAll(wire, nodes, tally);
    await readHistory(wire, nodes);
    await callMethods(wire, channel);
    await plant.write(90, 100);
    await plant.received(1);
    tally.countNotifications((await events.publishFor(1000)).length);
  }

  async function readHistory(wire: Wire, nodes: readonly SweptNode[]): Promise<void> {
    const own = nodes.filter(({ nodeClass }) => nodeClass === NodeClass.Variable);
    const historyReadDetails = new ReadRawModifiedDetails({
      startTime: new Date(Date.now() - 600_000),
      endTime: new Date(),
      numValuesPerNode: 100,
    });
    for (const { nodeId } of own) {
      tally.count(
        'HistoryRead',
        await wire.send(new HistoryReadRequest({ historyReadDetails, timestampsToReturn: 2, nodesToRead: [{ nodeId }] })),
      );
    }
  }

  async function callMethods(wire: Wire, channel: string): Promise<void> {
    const id = (local: string) => resolveNodeId(`ns=${INSTANCES};${local}`);
    for (const method of ['GetEvidence', 'FetchDelivery', 'FetchEpochRecord'] as const) {
      for (const batch of BATCHES) {
        const call = {
          objectId: id(channelNodeId(channel)),
          methodId: id(channelChildId(channel, method)),
          inputArguments: [{ dataType: DataType.UInt32, value: batch }],
        };
        tally.count('Call', await wire.send(new CallRequest({ methodsToCall: [call] })));
      }
    }
  }

  test("the other's users and applications are as unknown as any stranger's, in the same words", async () => {
    const stranger = await testIdentity('stranger');
    for (const [, side, other] of pairs()) {
      const refusal = async (user: UserIdentityInfo, own = side.application): Promise<[string, Buffer]> => {
        const wire = await Wire.open(own, side.target);
        try {
          const status = await wire.login(user);
          return [status, receivedBy(wire).bytes];
        } finally {
          await wire.close();
        }
      };
      const { manufacturer, auditor } = other.channel.logins;
      const [unknown] = await refusal(passwordUser('manufacturer', 'never-heard-of'));
      assert.equal(unknown, 'BadUserAccessDenied');
      for (const user of [manufacturer, auditor].map(({ name, password }) => passwordUser(name, password))) {
        const [status, bytes] = await refusal(user);
        assert.equal(status, unknown);
        assert.deepEqual(sightings({ bytes, decoded: [] }, other.secrets), []);
      }
      const [byCertificate] = await refusal(certificateUser(other.receiver));
      assert.equal(byCertificate, (await refusal(certificateUser(stranger)))[0]);
      const closed = (own: ApplicationIdentity): Promise<string> =>
        Wire.open(own, side.target).then(
          () => 'let in',
          (error: Error) => error.message.replaceAll(/\d+/g, '#'),
        );
      const words = await closed(stranger);
      assert.notEqual(words, 'let in');
      assert.equal(await closed(other.receiver), words);
    }
  });

  test('what each module was told, each audit from either side, and each ledger have nothing of the other', async () => {
    for (const [name, side, other] of pairs()) {
      onlyOwn(`${name}: events`, textOf(JSON.stringify(side.told.all)), side, other);
      onlyOwn(`${name}: its audit and its ledger`, textOf(await exportAudit(side.configFile)), side, other);
      onlyOwn(`${name}: the owner's audit for it`, textOf(await exportAudit(plant.ownerFile, side.channel.name)), side, other);
      onlyOwn(`${name}: agreement`, textOf(readFileSync(join(side.channel.manufacturer, 'agreement.json'))), side, other);
    }
  });

  test(
    'the processes of the two cleared servers hold nothing of each other, searched while they run',
    { skip: process.platform !== 'linux' },
    () => {
      const words = new Map(plant.sides.flatMap(({ shown }) => shown.map((word) => [word, Buffer.from(word)])));
      const children = childrenRunning('cleared/child.ts').map((id) => searchMemory(id, words).found);
      assert.equal(children.length, 4, "the owner's two, and one of each manufacturer's own");
      const holds = (found: (typeof children)[0]): string[] =>
        plant.sides.filter(({ shown }) => shown.some((word) => word in found)).map(({ channel }) => channel.name);
      const names = plant.sides.map(({ channel }) => channel.name);
      assert.deepEqual(children.map(holds).sort(), [[names[0]], [names[0]], [names[1]], [names[1]]].sort());
    },
  );

  test('the owner sees both, and each line of its log says of which', () => {
    const lines = readFileSync(join(plant.plant.owner, 'owner.log'), 'utf8').trim().split('\n');
    const sealed = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === 'sealed');
    for (const { channel } of plant.sides)
      assert.ok(
        sealed.some(({ channelName }) => channelName === channel.name),
        channel.name,
      );
    for (const { channel } of plant.sides) assert.equal(plant.sender.status(channel.name).channel, channel.name);
  });

  test('a channel whose store fails does not hinder the other, and goes on by itself', async () => {
    const [one, two] = plant.sides;
    failing = one.channel.name;
    await until('the first has a fault', () =>
      plant.ofOwner.of('warning').some(({ code, channelName }) => code === 'STORE_FAULT' && channelName === one.channel.name),
    );
    const before = two.told.of('received').length;
    assert.deepEqual(await plant.write(20, 10), ['Good', 'Good']);
    await until('the second goes on', () =>
      two.told
        .of('received')
        .slice(before)
        .some(({ conditions }) => conditions.some(({ code }) => code === 94_155_700)),
    );
    assert.deepEqual(
      plant.ofOwner.of('warning').filter(({ channelName }) => channelName === two.channel.name),
      [],
    );
    failing = undefined;
    await until('the first is back', () => plant.sender.status(one.channel.name).isReady);
  });

  test('figures', (t) => showFigures(t, tally));
});

/** A store on a disk that is full while it is said so. */
function failingWhere<Store extends object>(store: Store, isFailing: () => boolean): Store {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (key === 'seal' && isFailing()) throw diskFull();
        return Reflect.apply(member, target, args);
      };
    },
  });
}

function diskFull(): UnavailableError<string> {
  return new UnavailableError('STORE_FULL', 'The disk is full. Make room.');
}

function has({ told }: MakerSide, code: number, stream: string): boolean {
  return told.of('received').some(({ conditions }) => conditions.some((each) => each.code === code && each.stream === stream));
}

function receivedBy(wire: Wire): Received {
  const { raw, messages } = wire.take();
  return {
    bytes: Buffer.concat([raw, ...messages.map(({ body }) => body)]),
    decoded: messages.flatMap(({ decoded }) => (decoded === undefined ? [] : [decoded])),
  };
}

function textOf(content: string | Uint8Array): Received {
  return { bytes: Buffer.from(content as string), decoded: [] };
}
