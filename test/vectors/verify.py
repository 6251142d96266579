#!/usr/bin/env python3
"""An independent verifier of DCMB's evidence, written from docs/evidence-format.md alone, with the standard library only.

Checks evidence.json and ed25519.json beside it. Argon2 is not in the standard library: H is checked where argon2-cffi is
installed, and said to be unchecked where it is not. An argument names another folder to check. Prints one JSON object; exit code 1 when anything does not hold.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys

FOLDER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
EMPTY = bytes(32)
RESERVED = [-1, -2, -3]
checked = {}


def expect(what, condition):
    if not condition:
        raise SystemExit(f"FAILED: {what}")
    area = what.split(":")[0]
    checked[area] = checked.get(area, 0) + 1


def refused(what, run):
    try:
        run()
    except (Refused, ValueError, KeyError, IndexError, TypeError, UnicodeDecodeError):
        expect(what, True)
        return
    expect(what, False)


class Refused(Exception):
    pass


def require(condition, why):
    if not condition:
        raise Refused(why)


# 1 Encodings

def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    require(isinstance(text, str), "base64url")
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    require(b64(data) == text, "base64url")
    return data


def unb64_32(text):
    data = unb64(text)
    require(len(data) == 32, "32 bytes")
    return data


def canonical(value):
    # Python sorts by code points; all keys here are ASCII, where that is the same as UTF-16 code units.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parse_canonical(data):
    value = json.loads(data.decode())
    require(canonical(value) == data, "canonical JSON")
    return value


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def i32(value):
    return struct.pack(">i", value)


# 2 Hashes, MACs, keystreams

def sha256(data):
    return hashlib.sha256(data).digest()


def frame(label, *fields):
    return b"".join(u32(len(part)) + part for part in (label.encode(), *fields))


def hash_of(label, *fields):
    return sha256(frame(label, *fields))


def mac(key, label, *fields):
    return hmac.new(key, frame(label, *fields), hashlib.sha256).digest()


def leaf(data):
    return sha256(b"\x00" + data)


def node(left, right):
    return sha256(b"\x01" + left + right)


def depth_for(places):
    return max(0, (places - 1).bit_length())


def filled_nodes(used, depth):
    found, following = [], used
    for level in range(depth):
        if following % 2 == 1:
            found.append((level, following))
        following = -(-following // 2)
    return found


def tree_root(leaves, depth, filler):
    nodes = list(leaves)
    for level in range(depth):
        if len(nodes) % 2 == 1:
            nodes.append(filler(level, len(nodes)))
        nodes = [node(nodes[i], nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return nodes[0]


def fold(running, index, path):
    for level, sibling in enumerate(path):
        running = node(sibling, running) if index >> level & 1 else node(running, sibling)
    return running


def empty(_level, _index):
    return EMPTY


def aes_tables():
    power, log, x = [0] * 256, [0] * 256, 1
    for i in range(255):
        power[i], log[x] = x, i
        x ^= (x << 1) ^ (0x11B if x & 0x80 else 0)
        x &= 0xFF
    box = [0x63] * 256
    for value in range(1, 256):
        s = r = power[255 - log[value]] if log[value] else 1
        for _ in range(4):
            s = (s << 1 | s >> 7) & 0xFF
            r ^= s
        box[value] = r ^ 0x63
    return box


SBOX = aes_tables()


def double(x):
    return (x << 1) ^ (0x11B if x & 0x80 else 0)


def aes256_schedule(key):
    words, constant = [list(key[i:i + 4]) for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = list(words[i - 1])
        if i % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = double(constant)
        elif i % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return [sum(words[i:i + 4], []) for i in range(0, 60, 4)]


def aes256_block(schedule, block):
    state = [a ^ b for a, b in zip(block, schedule[0])]
    for number, round_key in enumerate(schedule[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < 14:
            mixed = []
            for c in range(0, 16, 4):
                column = state[c:c + 4]
                total = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [column[i] ^ total ^ double(column[i] ^ column[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, round_key)]
    return bytes(state)


def stream(key, length):
    schedule = aes256_schedule(key)
    blocks = range(-(-length // 16))
    return b"".join(aes256_block(schedule, i.to_bytes(16, "big")) for i in blocks)[:length]


# 3 Signatures and envelopes

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(a, b):
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    t = 2 * a[3] * b[3] * D % P
    z = 2 * a[2] * b[2] % P
    e, f, g, h = y - x, z - t, z + t, y + x
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_mul(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point, scalar = point_add(point, point), scalar >> 1
    return result


def point_bytes(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def point_of(data):
    require(len(data) == 32, "BAD_KEY")
    number = int.from_bytes(data, "little")
    y, sign = number & (2 ** 255 - 1), number >> 255
    require(y < P, "BAD_KEY")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    require((x * x - square) % P == 0 and not (x == 0 and sign), "BAD_KEY")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


IDENTITY = point_bytes((0, 1, 1, 0))
BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_small_order(point):
    return point_bytes(point_mul(8, point)) == IDENTITY


def verify_ed25519(key, message, signature):
    point = point_of(key)
    require(not is_small_order(point) and point_bytes(point_mul(L, point)) == IDENTITY, "BAD_KEY")
    require(len(signature) == 64, "BAD_SIGNATURE")
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    require(s < L, "BAD_SIGNATURE")
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
    expected = point_add(point_mul(s, BASE), point_mul(L - k, point))
    require(point_bytes(expected) == r and not is_small_order(expected), "BAD_SIGNATURE")


def key_id(key):
    return b64(hash_of("DCMB/0/key-id", key))


def open_envelope(envelope, name, *keys):
    require(set(envelope) == {"payload", "payloadType", "signatures"}, "envelope")
    kind = f"application/vnd.dcmb.{name}.v0+json"
    require(envelope["payloadType"] == kind and len(envelope["signatures"]) == len(keys), "envelope")
    payload = unb64(envelope["payload"])
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    for signature, key in zip(envelope["signatures"], keys):
        require(set(signature) == {"keyid", "sig"} and signature["keyid"] == key_id(key), "key id")
        verify_ed25519(key, signed, unb64(signature["sig"]))
    return parse_canonical(payload), hash_of("DCMB/0/object", kind.encode(), payload)


# 5 Records

KEYS = {
    "condition": {"stream", "publication", "code", "slotKey"},
    "batchkey": {"key"},
    "gap": {"reason", "fromBatch", "toBatch"},
    "validation": {"log"},
    "manifest": {"tag", "part", "firstSeq", "count", "refused"},
    "reading": {"seq", "value", "status", "sourceMs", "acceptedMs"},
    "continuation": {"part", "root"},
}
PADDED = {"condition": 192, "batchkey": 192, "gap": 192, "validation": 192}


def encode_record(record, pad):
    data = canonical(record)
    length = PADDED.get(record["kind"], pad)
    require(length == 0 or len(data) <= length, "record too long")
    return data + bytes(max(0, length - len(data)))


def decode_record(data, pad=None):
    record = parse_canonical(data.rstrip(b"\x00"))
    require(set(record) == KEYS[record["kind"]] | {"kind", "n"}, "record keys")
    length = PADDED.get(record["kind"], pad)
    require(length is None or len(data) == (length or len(data.rstrip(b"\x00"))), "record length")
    return record


# 6 The tree of a batch

class Batch:
    def __init__(self, params, seed, n, statement, tags):
        self.params, self.seed, self.n = params, seed, n
        records = [*statement["conditions"], statement["batchKey"], statement["gap"], statement["validation"]]
        subtrees = [self.part(0, 0, params["conditionDepth"], records, 192)]
        subtrees += [self.tag(number, tag) for number, tag in enumerate(tags, 1)]
        self.root = tree_root(subtrees, params["topDepth"], self.dummies(0xFFFFFFFF, 0))

    def dummies(self, subtree, part):
        return lambda level, index: mac(self.seed, "DCMB/0/dummy", u32(subtree), u32(part), u32(level), u32(index))

    def part(self, subtree, part, depth, records, pad):
        blinders = stream(mac(self.seed, "DCMB/0/blinder", u32(subtree), u32(part)), 32 * len(records))
        hashes = [leaf(blinders[32 * i:32 * i + 32] + encode_record(record, pad)) for i, record in enumerate(records)]
        return tree_root(hashes, depth, self.dummies(subtree, part))

    def tag(self, subtree, tag):
        left, count, part, root = list(tag["readings"]), 0, 0, None
        while True:
            records = [] if root is None else [{"kind": "continuation", "n": self.n, "part": part - 1, "root": b64(root)}]
            take = left[:2 ** tag["depth"] - 1 - len(records)]
            left, count = left[len(take):], count + len(take)
            manifest = {"kind": "manifest", "n": self.n, "tag": tag["name"], "part": part, "firstSeq": tag["firstSeq"],
                        "count": count, "refused": 0 if left else tag["refused"]}
            root = self.part(subtree, part, tag["depth"], [manifest, *records, *take], tag.get("rawPad", 0))
            if not left:
                return root
            part += 1


# 7 Openings

def condition_place(params, record):
    first = params["streams"] * params["publications"]
    if record["kind"] == "condition":
        require(record["stream"] < params["streams"] and record["publication"] < params["publications"], "place")
        return record["stream"] * params["publications"] + record["publication"]
    return first + ["batchkey", "gap", "validation"].index(record["kind"])


def open_conditions(params, n, root, opening):
    require(set(opening) == {"top", "leaves", "dummies"}, "opening")
    places = params["streams"] * params["publications"] + 3
    nodes = filled_nodes(places, params["conditionDepth"])
    require(len(opening["leaves"]) == places and len(opening["dummies"]) == len(nodes), "opening")
    require(len(opening["top"]) == params["topDepth"], "opening")
    require(all(set(item) == {"blinder", "record"} for item in opening["leaves"]), "opening")
    dummies = {place: unb64_32(text) for place, text in zip(nodes, opening["dummies"])}
    hashes = [leaf(unb64_32(item["blinder"]) + unb64(item["record"])) for item in opening["leaves"]]
    subtree = tree_root(hashes, params["conditionDepth"], lambda level, index: dummies[level, index])
    require(fold(subtree, 0, [unb64_32(text) for text in opening["top"]]) == root, "root")
    records = [decode_record(unb64(item["record"])) for item in opening["leaves"]]
    for place, record in enumerate(records):
        require(condition_place(params, record) == place and record["n"] == n, "place")
    return records


def open_record(params, n, root, opening, pad=None):
    require(set(opening) == {"subtree", "index", "blinder", "record", "path", "via"}, "opening")
    subtree, index, via = opening["subtree"], opening["index"], opening["via"]
    depth = len(opening["path"]) - (0 if via else params["topDepth"])
    if subtree == 0:
        require(not via and depth == params["conditionDepth"], "depth")
    require(0 <= subtree < 2 ** params["topDepth"] and 1 <= depth <= 32 and 0 <= index < 2 ** depth, "place")
    record = decode_record(unb64(opening["record"]), pad)
    require(record["n"] == n, "batch")
    part = None
    if subtree == 0:
        require(condition_place(params, record) == index, "place")
    else:
        allowed = {0: ["manifest"], 1: ["reading", "continuation"]}.get(index, ["reading"])
        require(record["kind"] in allowed, "place")
        part = {"manifest": lambda: record["part"], "continuation": lambda: record["part"] + 1}.get(record["kind"], lambda: None)()
    reached = climb(params, subtree, index, depth, opening, not via)
    for number, step in enumerate(via):
        require(set(step) == {"blinder", "record", "path"}, "step")
        named = decode_record(unb64(step["record"]), pad)
        require(named["kind"] == "continuation" and named["n"] == n and named["root"] == b64(reached), "continuation")
        require(part is None or named["part"] == part, "continuation")
        part = named["part"] + 1
        reached = climb(params, subtree, 1, depth, step, number == len(via) - 1)
    require(reached == root, "root")
    return record, depth


def climb(params, subtree, index, depth, opening, last):
    require(len(opening["path"]) == depth + (params["topDepth"] if last else 0), "path")
    start = leaf(unb64_32(opening["blinder"]) + unb64(opening["record"]))
    return fold(start, index + subtree * 2 ** depth, [unb64_32(text) for text in opening["path"]])


def place_of_reading(depth, number):
    if number < 2 ** depth - 1:
        return 0, number + 1
    later = number - (2 ** depth - 1)
    return 1 + later // (2 ** depth - 2), 2 + later % (2 ** depth - 2)


def open_raw(params, n, root, name, pad, openings):
    manifest, depth = open_record(params, n, root, openings[0], pad)
    require(manifest["kind"] == "manifest" and manifest["tag"] == name and not openings[0]["via"], "manifest")
    require(len(openings) == manifest["count"] + 1, "complete")
    for number, opening in enumerate(openings[1:]):
        record, own_depth = open_record(params, n, root, opening, pad)
        part, index = place_of_reading(depth, number)
        require(record["kind"] == "reading" and record["seq"] == manifest["firstSeq"] + number, "order")
        require(own_depth == depth and opening["subtree"] == openings[0]["subtree"], "tag")
        require(opening["index"] == index and len(opening["via"]) == manifest["part"] - part, "place")
    return manifest


# 8 Seeds

def check_seeds(vectors, params):
    seeds, calls, epoch = vectors["seeds"], params["callsPerInterval"], params["epochIntervals"]
    state, roots = unb64(seeds["state"]), []
    for step in seeds["steps"]:
        expect("seeds: state", b64(state) == step["state"])
        own = [mac(state, "DCMB/0/seed", u64(step["interval"]), u32(ordinal)) for ordinal in range(calls + 1)]
        expect("seeds: seeds of an interval", [b64(seed) for seed in own] == step["seeds"])
        roots.append(tree_root([hash_of("DCMB/0/seed-leaf", seed) for seed in own], depth_for(calls + 1), empty))
        state = mac(state, "DCMB/0/ratchet", u64(step["interval"]))
    root = tree_root(roots, depth_for(epoch), empty)
    expect("seeds: commitment", b64(root) == seeds["root"])
    proof = seeds["proof"]
    seed = unb64(seeds["steps"][proof["interval"] % epoch]["seeds"][proof["ordinal"]])
    place = proof["interval"] % epoch * 2 ** depth_for(calls + 1) + proof["ordinal"]
    path = [unb64(text) for text in proof["path"]]
    expect("seeds: proof", fold(hash_of("DCMB/0/seed-leaf", seed), place, path) == root)
    document, _ = open_envelope(seeds["commitment"], "seed-commitment", unb64(vectors["ownerKey"]))
    expect("seeds: signed commitment", document["root"] == seeds["root"])


# 9 Keys, 11 Tokens

class Keys:
    def __init__(self, params, k_epoch):
        self.params, self.k_epoch = params, k_epoch

    def slot(self, interval, stream_number):
        return mac(self.k_epoch, "DCMB/0/slot", u64(interval), u32(stream_number))

    def batch(self, interval, row):
        return mac(self.k_epoch, "DCMB/0/batch", u64(interval), u32(row))

    def slot_root(self, interval, stream_number, codes):
        key, size = self.slot(interval, stream_number), self.params["codesPerSlot"]
        leaves = [leaf(token(key, code)) for code in [*codes, *RESERVED]]
        leaves += [mac(key, "DCMB/0/token-dummy", u32(j)) for j in range(len(leaves), size)]
        return tree_root(sorted(leaves), depth_for(size), empty)

    def batch_slot_root(self, interval):
        size, rows = self.params["codesPerSlot"], self.params["callsPerInterval"] + 1
        key = self.slot(interval, self.params["streams"])
        leaves = [leaf(self.batch(interval, row)) for row in range(rows)]
        leaves += [mac(key, "DCMB/0/token-dummy", u32(place)) for place in range(rows, size)]
        return tree_root(leaves, depth_for(size), empty)

    def token_root(self, epoch, codes):
        length, streams = self.params["epochIntervals"], self.params["streams"]
        roots = []
        for interval in range(epoch * length, (epoch + 1) * length):
            slots = [self.slot_root(interval, s, codes) for s in range(streams)] + [self.batch_slot_root(interval)]
            roots.append(tree_root(slots, depth_for(streams + 1), empty))
        return tree_root(roots, depth_for(length), empty)


def token(slot_key, code):
    return mac(slot_key, "DCMB/0/token", i32(code))


def proof_length(params):
    return params["streams"] * depth_for(params["codesPerSlot"]) + 1 + depth_for(params["epochIntervals"])


def verify_tokens(params, root, interval, tokens):
    require(set(tokens) == {"tokens", "positions", "path"}, "tokens")
    streams, within = params["streams"], depth_for(params["codesPerSlot"])
    positions, path = unb64(tokens["positions"]), [unb64_32(text) for text in tokens["path"]]
    require(len(tokens["tokens"]) == streams == len(positions) and len(path) == proof_length(params), "tokens")
    require(all(position < params["codesPerSlot"] for position in positions), "tokens")
    slots = [fold(leaf(unb64_32(text)), positions[s], path[s * within:(s + 1) * within]) for s, text in enumerate(tokens["tokens"])]
    own = tree_root([*slots, path[streams * within]], depth_for(streams + 1), empty)
    require(fold(own, interval % params["epochIntervals"], path[streams * within + 1:]) == root, "tokens")


def tokens_digest(tokens):
    return b64(hash_of("DCMB/0/tokens", canonical(tokens)))


def filler(params, k_batch):
    streams, count = params["streams"], params["streams"] + proof_length(params)
    data = stream(mac(k_batch, "DCMB/0/filler"), 32 * count + streams)
    texts = [b64(data[32 * i:32 * i + 32]) for i in range(count)]
    positions = bytes(byte % params["codesPerSlot"] for byte in data[32 * count:])
    return {"tokens": texts[:streams], "positions": b64(positions), "path": texts[streams:]}


def check_keys_and_tokens(vectors, params):
    given, tokens = vectors["keys"], vectors["tokens"]
    k_epoch = mac(unb64(given["kChannel"]), "DCMB/0/epoch-key")
    following = mac(k_epoch, "DCMB/0/next-epoch")
    expect("keys: epochs", [b64(k_epoch), b64(following)] == given["kEpoch"])
    keys = Keys(params, k_epoch)
    slot_key = keys.slot(given["slotKey"]["interval"], given["slotKey"]["stream"])
    expect("keys: slot", b64(slot_key) == given["slotKey"]["key"])
    expect("keys: batch", b64(keys.batch(given["batchKey"]["interval"], given["batchKey"]["row"])) == given["batchKey"]["key"])
    expect("keys: token", b64(token(slot_key, given["token"]["code"])) == given["token"]["token"])
    root = keys.token_root(tokens["epoch"], tokens["codes"])
    expect("tokens: root", b64(root) == tokens["root"])
    anchor = tokens["anchor"]
    for s, code in enumerate(anchor["codes"]):
        expect("tokens: token of a code", b64(token(keys.slot(anchor["interval"], s), code)) == anchor["tokens"]["tokens"][s])
    verify_tokens(params, root, anchor["interval"], anchor["tokens"])
    expect("tokens: multiproof", True)
    expect("tokens: digest", tokens_digest(anchor["tokens"]) == anchor["digest"])
    refused("tokens: another interval", lambda: verify_tokens(params, root, anchor["interval"] + 1, anchor["tokens"]))
    changed = {**anchor["tokens"], "path": anchor["tokens"]["path"][::-1]}
    refused("tokens: another order", lambda: verify_tokens(params, root, anchor["interval"], changed))
    call = tokens["filler"]
    expect("tokens: filler", filler(params, keys.batch(call["interval"], call["row"])) == call["tokens"])
    expect("tokens: filler digest", tokens_digest(call["tokens"]) == call["digest"])
    proof, slots = tokens["batchKeyProof"], depth_for(params["streams"] + 1)
    place = (proof["interval"] % params["epochIntervals"] * 2 ** slots + params["streams"]) * params["codesPerSlot"] + proof["row"]
    start = leaf(keys.batch(proof["interval"], proof["row"]))
    expect("tokens: batch key", fold(start, place, [unb64(text) for text in proof["path"]]) == root)
    return keys, root


# 10 H, 13 Deposit, 14 Verifying a batch

def argon2id(message, salt, secret, profile):
    try:
        from argon2.low_level import Type, ffi, lib  # argon2-cffi; its high level has no secret input
    except ImportError:
        return None
    passes, memory = [(1, 64), (2, 19456)][profile]
    out = ffi.new("uint8_t[]", 32)
    buffers = [ffi.new("uint8_t[]", data) for data in (message, salt, secret)]
    context = ffi.new("argon2_context *", dict(
        out=out, outlen=32, version=0x13, pwd=buffers[0], pwdlen=len(message), salt=buffers[1], saltlen=len(salt),
        secret=buffers[2], secretlen=len(secret), ad=ffi.NULL, adlen=0, t_cost=passes, m_cost=memory, lanes=1, threads=1,
        allocate_cbk=ffi.NULL, free_cbk=ffi.NULL, flags=0))
    require(lib.argon2_ctx(context, Type.ID.value) == 0, "Argon2")
    return bytes(ffi.buffer(out, 32))


def check_bounds(params, header):
    length, grid = params["intervalMs"], params["callGridMs"]
    start = params["originMs"] + header["interval"] * length
    row, begin, end = header["row"], header["fromMs"], header["toMs"]
    require(row <= params["callsPerInterval"], "row")
    require(0 <= header["through"] - header["interval"] < params["epochIntervals"], "through")
    require(row == 0 or header["through"] == header["interval"], "through")
    require(start <= begin < start + length and (begin - start) % grid == 0, "from")
    if row == 0:
        require(end == params["originMs"] + (header["through"] + 1) * length, "to")
    else:
        require(begin < end < start + length and (end - start) % grid == 0, "to")
    require(begin == start if row == 1 or params["callsPerInterval"] == 0 else row == 0 or begin > start, "from")


def check_batch(vectors, batch, keys, token_root):
    params, channel, package = vectors["params"], vectors["channel"], batch["package"]
    owner = unb64(vectors["ownerKey"])
    header, header_hash = open_envelope(package["header"], "header", owner)
    delivery, delivery_hash = open_envelope(package["delivery"], "delivery", owner)
    n, interval, row, root = header["n"], header["interval"], header["row"], unb64(header["root"])
    expect("batch: header", header == batch["header"] and header["root"] == batch["root"] and b64(header_hash) == batch["headerHash"])
    expect("batch: header's key", header["key"] == vectors["ownerKeyId"] and header["channel"] == channel)
    check_bounds(params, header)
    salt = hash_of("DCMB/0/salt", unb64(channel), u64(n))[:16]
    expect("batch: salt", b64(salt) == header["salt"] == batch["salt"] and header["argon2"] == params["argon2Profile"])
    expect("batch: first prev", n > 0 or header["prev"] == b64(sha256(unb64(channel))))
    expect("batch: delivery", b64(delivery_hash) == batch["deliveryHash"] and delivery["header"] == b64(header_hash))
    expect("batch: recipient", delivery["n"] == n and delivery["recipient"] == vectors["receiverKeyId"])
    opening_hash = b64(hash_of("DCMB/0/condition-opening", canonical(package["conditions"])))
    expect("batch: opening hash", opening_hash == delivery["conditions"] == batch["conditionOpeningHash"])
    records = open_conditions(params, n, root, package["conditions"])
    statement = batch["statement"]
    expect("batch: conditions", records == [*statement["conditions"], statement["batchKey"], statement["gap"], statement["validation"]])
    conditions, batch_key = records[:-3], records[-3]
    for record in conditions:
        expected = keys.slot(interval, record["stream"]) if row == 0 else bytes(32)
        expect("batch: slot key", record["slotKey"] == b64(expected))
        expect("batch: code", row == 0 or record["code"] == -1)
        expect("batch: missed", header["through"] == interval or record["code"] == -3)
    expect("batch: batch key", batch_key["key"] == b64(keys.batch(interval, row)))
    codes = [record["code"] for record in conditions if record["publication"] == params["publications"] - 1]
    expect("batch: tokens digest", tokens_digest(package["tokens"]) == header["tokensDigest"])
    if row == 0:
        verify_tokens(params, token_root, interval, package["tokens"])
        for s, code in enumerate(codes):
            expect("batch: token", b64(token(keys.slot(interval, s), code)) == package["tokens"]["tokens"][s])
    else:
        expect("batch: filler", filler(params, unb64(batch_key["key"])) == package["tokens"])
    raw_tags = [tag for tag in batch["tags"] if "rawPad" in tag]
    expect("batch: raw tags", len(raw_tags) == len(package["raw"]) == len(delivery["raw"]))
    for tag, openings, claimed, named in zip(raw_tags, package["raw"], delivery["raw"], batch["rawOpeningHashes"]):
        expect("batch: raw hash", b64(hash_of("DCMB/0/raw-opening", canonical(openings))) == claimed == named)
        manifest = open_raw(params, n, root, tag["name"], tag["rawPad"], openings)
        expect("batch: raw readings", manifest["count"] == len(tag["readings"]))
        if len(openings) > 2:
            refused("batch: a raw reading left out", lambda: open_raw(params, n, root, tag["name"], tag["rawPad"], openings[:-1]))
    for item in batch["openings"]:
        record, _ = open_record(params, n, root, item["opening"])
        expect("openings: record", record == item["record"])
        for key in ("subtree", "index"):
            refused(f"openings: another {key}", lambda: open_record(params, n, root, {**item["opening"], key: item["opening"][key] ^ 1}))
        refused("openings: another batch", lambda: open_record(params, n + 1, root, item["opening"]))
    expect("batch: rebuilt from its seed", Batch(params, unb64(batch["seed"]), n, statement, batch["tags"]).root == root)
    tuple_bytes = frame("DCMB/0/cleared", unb64(channel), u64(n), u64(interval), b"".join(i32(code) for code in codes))
    expect("batch: cleared tuple", tuple_bytes.hex() == batch["clearedTuple"])
    places = params["streams"] * params["publications"] + 3
    dummies = len(filled_nodes(places, params["conditionDepth"]))
    size = 5120 + places * 334 + (params["topDepth"] + dummies) * 46 + 16
    expect("deposit: size", len(unb64(batch["deposit"])) == size)
    expect("deposit: content", open_deposit(unb64(batch_key["key"]), unb64(batch["deposit"])) ==
           {"conditions": package["conditions"], "delivery": package["delivery"]})
    h = argon2id(tuple_bytes, salt, unb64(batch_key["key"]), header["argon2"])
    if h is not None:
        expect("batch: H", b64(h) == header["h"])
    return h is not None


def open_deposit(k_batch, box):
    """AES-256-GCM's counter mode; with a 12-byte nonce of zeros the text begins at counter block 2. The tag is not checked."""
    schedule = aes256_schedule(mac(k_batch, "DCMB/0/deposit"))
    data = box[:-16]
    blocks = (aes256_block(schedule, (2 + i).to_bytes(16, "big")) for i in range(-(-len(data) // 16)))
    plain = bytes(a ^ b for a, b in zip(data, b"".join(blocks)))
    return parse_canonical(plain.rstrip(b"\x00"))


def check_receipts(vectors):
    receipts, owner, receiver = vectors["receipts"], unb64(vectors["ownerKey"]), unb64(vectors["receiverKey"])
    digest = bytes(32)
    for item in receipts["deliveries"]:
        digest = hash_of("DCMB/0/receipts", digest, unb64(item["delivery"]))
    expect("receipts: digest", receipts["cumulative"]["digest"] == b64(digest))
    receipt, _ = open_envelope(receipts["receipt"], "receipt", receiver)
    expect("receipts: receipt", set(receipt) == {"v", "channel", "n", "header", "delivery", "lastBlock"})
    record, _ = open_envelope(receipts["epochRecord"], "epoch-record", owner, receiver)
    expect("receipts: epoch record", record["receipt"] == [receipts["cumulative"]])
    refused("receipts: one signature", lambda: open_envelope(receipts["epochRecord"], "epoch-record", owner))


def check_encodings(vectors):
    given = vectors["encodings"]
    expect("encodings: canonical", canonical(given["canonical"]["value"]).hex() == given["canonical"]["bytes"])
    expect("encodings: Double", "Double:" + struct.pack(">d", 5367).hex() in given["uaValues"])
    expect("encodings: Float", "Float:" + struct.pack(">f", 1.5).hex() in given["uaValues"])
    framing = given["framing"]
    fields = [bytes.fromhex(text) for text in framing["fields"]]
    expect("encodings: frame", frame(framing["label"], *fields).hex() == framing["frame"])
    expect("encodings: hash", hash_of(framing["label"], *fields).hex() == framing["hash"])
    expect("encodings: mac", mac(bytes.fromhex(framing["macKey"]), framing["label"], *fields).hex() == framing["mac"])
    expect("encodings: AES-256 (FIPS 197, C.3)", aes256_block(aes256_schedule(bytes(range(32))),
           bytes.fromhex("00112233445566778899aabbccddeeff")).hex() == "8ea2b7ca516745bfeafc49904b496089")
    expect("encodings: key id", key_id(unb64(vectors["ownerKey"])) == vectors["ownerKeyId"])


def check_ed25519(vectors):
    for vector in vectors:
        outcome = "ok"
        try:
            verify_ed25519(*(bytes.fromhex(vector[key]) for key in ("publicKey", "message", "signature")))
        except Refused as error:
            outcome = str(error)
        expect(f"ed25519: {vector['name']}: {outcome}", outcome == vector["expected"])


def main():
    vectors = json.loads((FOLDER / "evidence.json").read_text())
    check_encodings(vectors)
    check_ed25519(json.loads((FOLDER / "ed25519.json").read_text()))
    check_seeds(vectors, vectors["params"])
    keys, token_root = check_keys_and_tokens(vectors, vectors["params"])
    with_h = [check_batch(vectors, batch, keys, token_root) for batch in vectors["batches"]]
    check_receipts(vectors)
    unchecked = ["the tag of a deposit"] + ([] if all(with_h) else ["H: needs argon2-cffi"])
    print(json.dumps({"checked": checked, "unchecked": unchecked}))


if __name__ == "__main__":
    sys.exit(main())
