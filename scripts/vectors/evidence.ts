import {
  canonicalJson,
  encodeUaValue,
  frame,
  i32,
  type Json,
  keyIdOf,
  labelledHash,
  labelledMac,
  toBase64Url,
  toHex,
  u32,
  u64,
  type UaValue,
} from '../../src/core/index.ts';
import {
  batchSalt,
  clearedTuple,
  conditionOpeningHash,
  countersignEpochRecord,
  type EpochRecord,
  extendReceipt,
  fillerTokens,
  openDelivery,
  openHeader,
  proposeEpochRecord,
  rawOpeningHash,
  sealDeposit,
  SeedRatchet,
  SeedTree,
  signReceipt,
  signSeedCommitment,
  tokenOf,
  tokensDigest,
  TokenSet,
  verifyRecordOpening,
} from '../../src/evidence/index.ts';
import {
  type BatchInput,
  bytesOf,
  channel,
  CODES,
  epochKeys,
  makeBatch,
  owner,
  reading,
  receiver,
  testParams,
} from '../../test/evidence/fixture.ts';

const params = testParams({ publications: 2, conditionDepth: 4 });
const keys = epochKeys(params);
const b64 = toBase64Url;

/** The worked example of docs/evidence-format.md: every value that the page names, from fixed seeds and keys. */
export async function evidenceVectors(): Promise<Json> {
  return {
    params,
    channel,
    ownerKey: b64(owner.publicKey),
    ownerKeyId: keyIdOf(owner.publicKey),
    receiverKey: b64(receiver.publicKey),
    receiverKeyId: keyIdOf(receiver.publicKey),
    encodings: encodings(),
    seeds: await seeds(),
    keys: derivedKeys(),
    tokens: tokens(),
    batches: [
      await batch({ n: 0, interval: 0, readings: [manyReadings(3), manyReadings(40)], rawTags: [1], codes: [1, 0, -1] }),
      await batch({ n: 1, interval: 1, row: 1, readings: [[], []], rawTags: [1] }),
      await batch({ n: 2, interval: 2, through: 3, codes: [-3, -3, -3], rawTags: [1] }),
    ],
    receipts: await receipts(),
  };
}

function manyReadings(count: number) {
  return Array.from({ length: count }, (_, i) => reading(i * 1.5, params.originMs + i));
}

function encodings(): Json {
  const values: UaValue[] = [
    { type: 'Boolean', value: true },
    { type: 'Int32', value: -5 },
    { type: 'UInt64', value: 18_446_744_073_709_551_615n },
    { type: 'Float', value: 1.5 },
    { type: 'Double', value: 5367 },
    { type: 'String', value: 'Süd "1"' },
    { type: 'DateTime', value: 1_700_000_000_000n },
    { type: 'ByteString', value: Uint8Array.of(0, 255) },
  ];
  const fields = [u32(1), u64(2 ** 40), i32(-2), new Uint8Array(0)];
  const sample = { b: [1, true, 'ü\n'], a: { d: -1, c: '' } };
  return {
    canonical: { value: sample, bytes: toHex(canonicalJson(sample)) },
    uaValues: values.map(encodeUaValue),
    framing: {
      label: 'DCMB/0/example',
      fields: fields.map(toHex),
      frame: toHex(frame('DCMB/0/example', ...fields)),
      hash: toHex(labelledHash('DCMB/0/example', ...fields)),
      mac: toHex(labelledMac(bytesOf('key'), 'DCMB/0/example', ...fields)),
      macKey: toHex(bytesOf('key')),
    },
  };
}

async function seeds(): Promise<Json> {
  const state = bytesOf('ratchet');
  const ratchet = new SeedRatchet(state, 4);
  const tree = SeedTree.of(state, 4, params);
  const steps: Json[] = [];
  for (let i = 0; i < params.epochIntervals; i++, ratchet.advance()) {
    steps.push({ interval: ratchet.interval, state: b64(ratchet.state), seeds: ratchet.seeds(params.callsPerInterval).map(b64) });
  }
  const commitment = await signSeedCommitment({ v: 0, channel, epoch: 1, root: b64(tree.root) }, owner);
  return { state: b64(state), steps, root: b64(tree.root), proof: { interval: 6, ordinal: 1, path: tree.prove(6, 1) }, commitment };
}

function derivedKeys(): Json {
  const slotKey = keys.slotKey(2, 1);
  return {
    kChannel: b64(bytesOf('channel key')),
    kEpoch: [b64(keys.bytes), b64(keys.next().bytes)],
    slotKey: { interval: 2, stream: 1, key: b64(slotKey) },
    batchKey: { interval: 2, row: 1, key: b64(keys.batchKey(2, 1)) },
    token: { code: -1, token: b64(tokenOf(slotKey, -1)) },
  };
}

function tokens(): Json {
  const set = TokenSet.build(params, keys, () => CODES);
  const anchor = set.anchorTokens(2, [0, 2, -1]);
  const filler = fillerTokens(params, keys.batchKey(2, 1));
  return {
    epoch: 0,
    codes: CODES,
    root: b64(set.root),
    anchor: { interval: 2, codes: [0, 2, -1], tokens: anchor, digest: b64(tokensDigest(anchor)) },
    filler: { interval: 2, row: 1, tokens: filler, digest: b64(tokensDigest(filler)) },
    batchKeyProof: { interval: 2, row: 1, path: set.batchKeyProof(2, 1) },
  };
}

async function batch(input: BatchInput): Promise<Json> {
  const made = await makeBatch({ params, ...input });
  const { check, content, opener, header } = made;
  const delivery = openDelivery(check.package.delivery, owner.publicKey);
  const codes = content.statement.conditions
    .filter((record) => record.publication === params.publications - 1)
    .map((record) => record.code);
  const { n, interval } = header;
  const places: [number, number, number][] =
    n === 0
      ? [
          [0, 0, 3],
          [1, 0, 0],
          [2, 0, 5],
          [2, 1, 1],
          [2, 2, 0],
        ]
      : [[0, 0, 0]];
  return {
    seed: b64(content.seed),
    tags: content.tags.map((tag) => ({ ...tag })) as unknown as Json,
    statement: content.statement as unknown as Json,
    header: header as unknown as Json,
    headerHash: b64(openHeader(check.package.header, owner.publicKey).hash),
    root: header.root,
    salt: b64(batchSalt(channel, n)),
    clearedTuple: toHex(clearedTuple({ channel, n, interval, codes })),
    package: check.package as unknown as Json,
    deliveryHash: b64(delivery.hash),
    conditionOpeningHash: b64(conditionOpeningHash(check.package.conditions)),
    rawOpeningHashes: check.package.raw.map((openings) => b64(rawOpeningHash(openings))),
    openings: places.map(([subtree, part, index]) => {
      const opening = opener.record(subtree, part, index);
      return { part, opening, record: verifyRecordOpening(params, n, opener.root, opening) };
    }) as unknown as Json,
    deposit: b64(
      sealDeposit(params, keys.batchKey(interval, header.row), { delivery: check.package.delivery, conditions: check.package.conditions }),
    ),
  };
}

async function receipts(): Promise<Json> {
  const hash = (name: string) => b64(bytesOf(name));
  const first = extendReceipt(undefined, { n: 0, header: hash('header 0'), outcome: { delivery: bytesOf('delivery 0') } });
  const second = extendReceipt(first, { n: 1, header: hash('header 1'), outcome: { reason: 'disputed' } });
  const cumulative = extendReceipt(second, { n: 2, header: hash('header 2'), outcome: { delivery: bytesOf('delivery 2') } });
  const lastBlock = { number: 9, hash: hash('block 9') };
  const receipt = await signReceipt({ v: 0, channel, n: 2, header: hash('header 2'), delivery: hash('delivery 2'), lastBlock }, receiver);
  const record: EpochRecord = {
    v: 0,
    channel,
    k: 1,
    opens: [{ epoch: 4, agreement: 1, root: hash('token root') }],
    close: [{ n: 2, header: hash('header 2') }],
    receipt: [cumulative],
  };
  return {
    deliveries: [
      { n: 0, delivery: hash('delivery 0') },
      { n: 2, delivery: hash('delivery 2') },
    ],
    cumulative: cumulative as unknown as Json,
    receipt: receipt as unknown as Json,
    epochRecord: (await countersignEpochRecord(await proposeEpochRecord(record, owner), receiver)) as unknown as Json,
  };
}
