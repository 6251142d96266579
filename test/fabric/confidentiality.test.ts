import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { fromBase64Url, type Json, parseCanonical, toBase64Url, utf8, i32, labelledHash } from '../../src/core/index.ts';
import { clearedTuple } from '../../src/evidence/index.ts';
import { decode, message, bytesField, repeatedMessage } from '../../src/fabric-blocks/index.ts';
import { fabricNetwork, freshEvidence } from '../support/fabric-network.ts';
import { shapeOf } from '../support/shape-of.ts';
import { CanaryPlant, CODES, COUNTS } from './canary-plant.ts';
import { CanaryScene, type KeptTransaction, keptTransactions } from './canary-scene.ts';
import { dictionaryAttack, type Guess, LABELS, numberGuess } from './dictionary.ts';
import { type PeerFile, peerFile, peerFiles, unfold, type Unfolded } from './peer-files/peer-content.ts';
import { formsOf, type Secret, SecretSearch } from './secret-forms.ts';

const EVIDENCE = 'evidence-canary';
const STRANGER = 'certifier1';
/** Of the epoch records, which are the manufacturer's to send. */
const MOST_OWN_RECORDS = 3;

const network = await fabricNetwork({ after });

describe("what a certifier's peer holds", () => {
  let plant: CanaryPlant;
  let scene: CanaryScene;
  let secrets: Secret[];
  let search: SecretSearch;
  /** As the running peer left it, and after it has started anew, which makes tables of its journals. */
  let files: PeerFile[];
  let tabled: PeerFile[];
  let content: Unfolded;
  let transactions: KeptTransaction[];

  before(async () => {
    await network.deploy(EVIDENCE);
    plant = await CanaryPlant.create(network, EVIDENCE);
    scene = new CanaryScene(plant);
    await scene.play();
    secrets = plant.secrets();
    search = new SecretSearch(secrets);
    files = await filesAtRest();
    tabled = await filesAtRest();
    content = unfold([...files, ...tabled].flatMap(({ parts }) => parts));
    transactions = keptTransactions(network, STRANGER, EVIDENCE);
  });
  after(() => plant.end());

  /** All that the peer has on its disk, once it has stopped; then it runs again. */
  async function filesAtRest(): Promise<PeerFile[]> {
    const part = `peer-${STRANGER}` as const;
    await network.stop(part);
    const found = peerFiles(network.peerFolder(STRANGER));
    await network.start(part);
    return found;
  }

  const has = (kind: string, creator?: string): KeptTransaction[] =>
    transactions.filter((each) => each.kind === kind && (creator === undefined || each.envelope.creator.mspId === creator));

  test('has all kinds of transactions of the main job in it', () => {
    for (const kind of ['genesis', 'registerKey', 'openChannel', 'seedCommitment', 'epochRecord', 'anchor', 'deposit', 'receipt'])
      assert.ok(has(kind).length > 0, kind);
    assert.ok(scene.ofOwner.of('sealed').some(({ row }) => row > 0));
    const codes = new Set(scene.ofOwner.of('cleared').flatMap(({ conditions }) => conditions.map(({ code }) => code)));
    assert.ok([...CODES.wear, ...CODES.glow].filter((code) => codes.has(code)).length >= 4, [...codes].join());
  });

  test('is read to the bottom: blocks, journals, and tables with what is compressed in them', () => {
    const channelId = Buffer.from(plant.plant.channelId);
    const isIn = (places: readonly PeerFile[], name: RegExp): boolean =>
      places.some((file) => name.test(file.name) && file.parts.slice(1).some((part) => Buffer.from(part).includes(channelId)));
    assert.ok(isIn(files, /chains\/dcmb\/blockfile_/));
    assert.ok(isIn(files, /stateLeveldb\/\d+\.log$/));
    assert.ok(isIn(tabled, /stateLeveldb\/\d+\.ldb$/));
    assert.ok(tabled.some(({ name, compressed }) => name.includes('stateLeveldb') && compressed > 0));
  });

  test('has no raw value, condition, policy, agreement or count of readings in it, in any encoding', (t) => {
    const bytes = content.fragments.reduce((sum, { length }) => sum + length, 0);
    t.diagnostic(`${files.length + tabled.length} files, ${content.fragments.length} fragments, ${bytes} bytes`);
    assert.deepEqual(search.in(content), []);
  });

  test('gives no value away to who tries all values, with every label of the sources and every field as salt or key', async (t) => {
    const guesses = await allGuesses();
    const { found, tried } = dictionaryAttack(content, guesses);
    t.diagnostic(`${tried} digests of ${guesses.length} guesses with ${LABELS.length} labels and ${content.fields.length} fields`);
    assert.deepEqual(found, []);
    assert.ok(LABELS.length > 25 && content.fields.length > 200 && tried > 100_000);
  });

  /** The guesser is lucky and tries just what was there: values, texts, counts, and each batch's cleared tuple. */
  async function allGuesses(): Promise<Guess[]> {
    const channel = plant.plant.channelId;
    const tuples = scene.ofOwner.of('cleared').map(({ n, interval, conditions }): Guess => {
      const codes = conditions.map(({ code }) => code);
      return { name: `conditions of batch ${n}`, messages: [clearedTuple({ channel, n, interval, codes }), Buffer.concat(codes.map(i32))] };
    });
    const plain = secrets.map((secret): Guess => {
      if (secret.kind === 'number') return numberGuess(secret.name, secret.value);
      return { name: secret.name, messages: [secret.kind === 'text' ? utf8(secret.value) : new Uint8Array(secret.value)] };
    });
    const kept = (await plant.openings()).flatMap(keptTexts);
    assert.ok(kept.length > 0);
    return [...plain, ...tuples, ...kept];
  }

  describe('the search', () => {
    test("finds the raw values where they have to be: in what the owner's store opens with its key", async () => {
      const opened = unfold((await plant.openings()).map((text) => utf8(text)));
      const found = search.in(opened).join('\n');
      assert.match(found, /raw value 4211337/);
      assert.match(found, /raw value -987654.321/);
    });

    test('finds every secret in every form, amidst a transaction', () => {
      const host = Buffer.from(transactions[0]!.stored);
      for (const secret of secrets)
        for (const [form, bytes] of formsOf(secret)) {
          const found = search.in(unfold([Buffer.concat([host.subarray(0, 900), bytes, host.subarray(900, 1000)])]));
          assert.ok(found.includes(`${secret.name}: ${form}`), `${secret.name}: ${form}`);
        }
    });

    test('finds what is encoded twice, compressed, or a number of a protobuf field', () => {
      const [text, number] = [secrets.find(({ kind }) => kind === 'text')!, secrets.find(({ name }) => name === 'reading count 3923')!];
      const plain = Buffer.from(String(text.value));
      const twice = Buffer.from(JSON.stringify({ payload: Buffer.from(`{"a":"${plain.toString('hex')}"}`).toString('base64url') }));
      assert.ok(search.in(unfold([twice])).length > 0);
      assert.ok(search.in(unfold(peerFile('a.tar.gz', gzipSync(plain)).parts)).length > 0);
      // 3923 in base 128 behind the tag of field 1.
      assert.deepEqual(search.in(unfold([Buffer.from([0x08, 0xd3, 0x1e])])), [`${number.name}: number`]);
      assert.deepEqual(search.in(unfold([Buffer.from('{"n":3923}')])), [`${number.name}: number`]);
      // In base64: 3923 as 32 bits, both orders.
      for (const bytes of ['00000f53', '530f0000']) {
        const text = JSON.stringify([Buffer.from(bytes, 'hex').toString('base64url')]);
        assert.deepEqual(search.in(unfold([Buffer.from(text)])), [`${number.name}: number`]);
      }
    });

    test('finds hashes of guesses: plain, labelled, with a field as salt, cut short', () => {
      const guess = numberGuess('the value', 4_211_337);
      const field = content.fields.find(({ length }) => length === 16)!;
      const [value] = guess.messages as [Uint8Array];
      const digests = [
        createHash('sha256').update(value).digest(),
        labelledHash('DCMB/0/cleared', value),
        labelledHash('DCMB/0/object', value).slice(0, 12),
        createHash('sha256').update(field).update(value).digest(),
        createHmac('sha256', field).update(value).digest(),
      ];
      for (const digest of digests) {
        const planted = unfold([utf8(JSON.stringify({ field: toBase64Url(field), digest: toBase64Url(new Uint8Array(digest)) }))]);
        assert.ok(dictionaryAttack(planted, [guess]).found.length > 0);
      }
    });

    test('finds every secret once somebody has put it on the ledger: in the blocks, in the state, and in its tables', async () => {
      const planted = secrets.map(({ kind, value }, index) => ({
        id: `planted-${index}`,
        name: kind === 'bytes' ? toBase64Url(new Uint8Array(value.subarray(0, 48))) : `[${String(value)}]`,
      }));
      const organisations = [...network.organisations.map((id) => ({ id, name: id })), ...planted];
      const { chaincode } = await freshEvidence(network, { organisations });
      const [running, anew] = [await filesAtRest(), await filesAtRest()];
      assert.ok(keptTransactions(network, STRANGER, chaincode).length > 0);
      const places: [readonly PeerFile[], RegExp][] = [
        [running, /blockfile_/],
        [running, /stateLeveldb\/\d+\.log$/],
        [anew, /stateLeveldb\/\d+\.ldb$/],
      ];
      for (const [where, name] of places) {
        // As a peer keeps it: what the file's form hides, not the file's own bytes.
        const found = search.in(unfold(where.filter((file) => name.test(file.name)).flatMap(({ parts }) => parts.slice(1))));
        for (const secret of secrets)
          assert.ok(
            found.some((each) => each.startsWith(`${secret.name}: `)),
            `${secret.name} in ${String(name)}`,
          );
      }
    });
  });

  describe("the owner's transactions", () => {
    test('are one a batch, and one an epoch, beside those that open the channel and the deposits', (t) => {
      const kinds = [...new Set(transactions.map(({ kind }) => kind))];
      const counts = kinds.map((kind): [string, number] => [kind, has(kind, 'owner').length]);
      const owners: Record<string, number> = Object.fromEntries(counts.filter(([, count]) => count > 0));
      t.diagnostic(JSON.stringify(owners));
      const anchored = has('anchor', 'owner').map(({ body }) => numberOf(body));
      assert.equal(new Set(anchored).size, anchored.length);
      assert.deepEqual(new Set(anchored), new Set(scene.ofOwner.of('anchored').map(({ n }) => n)));
      const epochs = has('seedCommitment', 'owner').map(({ body }) => payloadOf(body, 'commitment')['epoch']);
      assert.equal(new Set(epochs).size, epochs.length);
      const { genesis, registerKey, openChannel = 0, anchor, seedCommitment, deposit, epochRecord = 0, ...others } = owners;
      assert.deepEqual([genesis, registerKey, openChannel + has('openChannel', 'manufacturer').length], [1, 1, 1]);
      assert.deepEqual([anchor, seedCommitment], [anchored.length, epochs.length]);
      assert.equal(deposit, scene.ofOwner.of('deposited').length);
      // The first record of a channel, and those that a manufacturer which is away or slow does not send.
      assert.ok(epochRecord <= MOST_OWN_RECORDS && has('epochRecord', 'manufacturer').length > 0, String(epochRecord));
      assert.deepEqual(others, {});
    });

    test(`look the same with ${COUNTS.join(', ')} readings and other conditions`, (t) => {
      const anchors = new Map(has('anchor', 'owner').map((each) => [numberOf(each.body), each]));
      const chosen = COUNTS.map((count) => anchors.get(scene.batches.get(count) ?? -1)!);
      const codes = COUNTS.map((count) => scene.ofOwner.of('cleared').find(({ n }) => n === scene.batches.get(count))?.conditions);
      assert.ok(new Set(codes.map((each) => JSON.stringify(each?.map(({ code }) => code)))).size >= 2, 'the conditions differ');
      const [first, ...others] = chosen.map(shapeOfTransaction);
      for (const other of others) assert.deepEqual(other, first);
      const sizes = chosen.map(({ stored }) => stored.length);
      const own = chosen.map(sizeWithoutEndorsers);
      t.diagnostic(`bytes as stored: ${sizes.join(', ')}; without signatures and endorsers: ${own.join(', ')}`);
      // What is left: digits of numbers that grow with time, and of the sender's clock.
      assert.ok(Math.max(...own) - Math.min(...own) <= 16, own.join());
    });
  });
});

function shapeOfTransaction({ body, envelope }: KeptTransaction): unknown {
  const { response, event } = envelope;
  const json = (bytes: Uint8Array | undefined): Json => (bytes === undefined ? {} : parseCanonical(bytes));
  return { body: shapeOf(body), answer: shapeOf(json(response?.payload)), event: shapeOf(json(event?.payload)) };
}

const Endorsed = { endorsements: repeatedMessage(2, { endorser: bytesField(1), signature: bytesField(2) }) };
const Action = { payload: bytesField(2) };

/** Endorsers are whoever answered first; a signature in DER has 70 bytes, seldom one or two fewer, as often one or two more. */
function sizeWithoutEndorsers({ stored }: KeptTransaction): number {
  const { payload, signature } = decode({ payload: bytesField(1), signature: bytesField(2) }, stored, 'envelope');
  const { actions } = decode(
    { actions: repeatedMessage(1, Action) },
    decode({ data: bytesField(2) }, payload, 'payload').data,
    'transaction',
  );
  const parts = actions.flatMap((action) => {
    const { endorsed } = decode({ endorsed: message(2, Endorsed) }, action.payload, 'action');
    return endorsed?.endorsements ?? [];
  });
  return parts.reduce((sum, each) => sum - each.endorser.length - each.signature.length, stored.length - signature.length);
}

function payloadOf(body: Json, name: string): Record<string, Json> {
  const { payload } = (body as Record<string, { payload: string }>)[name] as { payload: string };
  return parseCanonical(fromBase64Url(payload)) as Record<string, Json>;
}

function numberOf(body: Json): number {
  return Number(payloadOf(body, 'header')['n']);
}

/** Readings as the store keeps them, and their values: as guesses. */
function keptTexts(payload: string): Guess[] {
  const { kept } = JSON.parse(payload) as { kept: string };
  const { readings } = JSON.parse(kept) as { readings: unknown[][] };
  return readings.slice(0, 3).map((reading, index) => ({
    name: `reading ${index} of a batch`,
    messages: [utf8(JSON.stringify(reading)), utf8(String(reading[1]))],
  }));
}
