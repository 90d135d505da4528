#!/usr/bin/env python3
"""Verifies an mfm journal with nothing but Python's standard library, from what README.md says of its bytes.

Usage: verify.py JOURNAL. Prints head, root and findings; exit status 1 if there are any, 2 without a journal's name.
It checks what `mfm audit verify` checks of the file; it knows no target and no anchor.
"""
import hashlib, json, os, re, sqlite3, struct, sys, urllib.parse

FOLD, FOLDS, DEPTH, INTEGER = 3, (2, 3), 32, 2**53 - 1
ITEMS, BYTES, DOCUMENT = 4096, 4 << 20, 16 << 20
NULL, WORDS = b"\xf6", ("insert", "update", "delete", "kept")
VERDICTS = ("applied", "failed", "abandoned", "gone")
AFTER = {None: VERDICTS[:3], "applied": ("gone",)}
TARGETS = ("target_added", "target_marked", "target_unmarked", "target_removed")
KNOWN = VERDICTS + TARGETS + ("opened", "intended", "baseline", "agent_refused", "drill_begun", "drill_trial",
                              "drill_ended")
SCHEMA = """
CREATE TABLE entry(
  seq INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  op INTEGER,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  face TEXT NOT NULL,
  body TEXT NOT NULL,
  prev BLOB NOT NULL,
  digest BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE chunk(
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE projection(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  fold INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  head BLOB NOT NULL,
  frontier BLOB NOT NULL,
  state TEXT NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE INDEX entry_op ON entry(op) WHERE op IS NOT NULL;
CREATE INDEX entry_reverts ON entry(json_extract(body,'$.reverts')) WHERE kind = 'intended' AND json_extract(body,'$.reverts') IS NOT NULL;
CREATE INDEX entry_plan ON entry(json_extract(body,'$.plan_id')) WHERE kind = 'intended' AND json_extract(body,'$.plan_id') IS NOT NULL;
CREATE INDEX entry_baseline ON entry(json_extract(body,'$.identity')) WHERE kind = 'baseline';
CREATE TRIGGER entry_insert BEFORE INSERT ON entry
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entry) OR EXISTS (SELECT 1 FROM entry WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'entries are only appended'); END;
CREATE TRIGGER entry_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER chunk_insert BEFORE INSERT ON chunk
WHEN EXISTS (SELECT 1 FROM chunk WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM chunk WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'chunks are never replaced'); END;
CREATE TRIGGER chunk_update BEFORE UPDATE ON chunk
BEGIN SELECT RAISE(ABORT, 'chunks are never changed'); END;
CREATE TRIGGER chunk_delete BEFORE DELETE ON chunk
BEGIN SELECT RAISE(ABORT, 'chunks are never deleted'); END;
"""
findings = []


class Bad(Exception):
    """Something does not fit."""


def fit(holds, what):
    if not holds:
        raise Bad(what)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# CBOR: items are (kind, value, raw bytes); only what README.md says is read, in its one encoding.

def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    size = next(size for size in (1, 2, 4, 8) if n < 1 << 8 * size)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + n.to_bytes(size, "big")


def cbor(item):
    if item is None:
        return NULL
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    return head(2, len(item)) + item


def array(*raw):
    return head(4, len(raw)) + b"".join(raw)


def exact(number, form):
    try:
        return struct.unpack(form, struct.pack(form, number))[0] == number
    except OverflowError:
        return False


def read(data, at, deep=0):
    """Returns an item and where it ends."""
    fit(at < len(data) and deep < 12, "the bytes end early, or nest too deep")
    start, major, n = at, data[at] >> 5, data[at] & 31
    at += 1
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(n, 0)
    fit(n < 28 and at + size <= len(data), "the bytes are no CBOR of this format")
    bits, short = data[at:at + size], n
    if size:
        n, at = int.from_bytes(bits, "big"), at + size
    if major == 7:
        if short in (20, 21, 22):
            return ({20: "bool", 21: "bool", 22: "null"}[short], short == 21, data[start:at]), at
        fit(short in (25, 26, 27), "an item that no journal holds")
        number = struct.unpack({25: ">e", 26: ">f", 27: ">d"}[short], bits)[0]
        narrower = {25: (), 26: (">e",), 27: (">e", ">f")}[short]
        fit(number == number and not any(exact(number, form) for form in narrower), "a float that is not shortest")
        return ("float", number, data[start:at]), at
    fit(head(major, n) == data[start:at], "a head that is not the shortest")
    if major in (0, 1):
        return ("int", n if major == 0 else -1 - n, data[start:at]), at
    if major in (2, 3):
        fit(at + n <= len(data), "the bytes end early")
        value, at = data[at:at + n], at + n
        return ("bytes", value, data[start:at]) if major == 2 else ("text", value.decode(), data[start:at]), at
    fit(major in (4, 6), "an item that no journal holds")
    if major == 6:
        item, at = read(data, at, deep + 1)
        return ("tag", (n, item), data[start:at]), at
    items = []
    for _ in range(n):
        item, at = read(data, at, deep + 1)
        items.append(item)
    return ("array", items, data[start:at]), at


def whole(data):
    item, end = read(data, 0)
    fit(end == len(data), "bytes follow")
    return item


def need(item, kind, count=None):
    fit(item[0] == kind and count in (None, len(item[1]) if kind == "array" else None), f"expected {kind}")
    return item[1]


def texts(item):
    return [need(one, "text") for one in need(item, "array")]


def small(item, most):
    fit(item[0] == "null" or item[0] == "int" and 0 <= item[1] <= most, "expected a small number")


def cell(item):
    """Checks that an item is one of the values that README.md lists."""
    kind, value, _ = item
    if kind == "int":
        fit(-2**63 <= value < 2**63, "an integer beyond 64 bits")
    elif kind == "array":
        fit(1 <= len(value) <= 3 and all(one[0] in ("int", "null") for one in value), "no date or time")
        bounds = zip(value, (31, 63, 15))
        fit(all(one[0] == "null" or -2**bits <= one[1] < 2**bits for one, bits in bounds), "no date or time")
        fit(all(one[0] == "int" for one in value[1:]) and (len(value) > 1 or value[0][0] == "int"), "no date or time")
    elif kind == "tag":
        tag, inner = value
        if tag == 4:
            scale, unscaled = need(inner, "array", 2)
            fit(scale[0] == "int" and -38 <= scale[1] <= 0, "no decimal's scale")
            if unscaled[0] == "tag":
                fit(unscaled[1][0] in (2, 3), "no bignum")
                digits = need(unscaled[1][1], "bytes")
                fit(9 <= len(digits) <= 16 and digits[0] > 0, "a bignum that is not the shortest")
                number = int.from_bytes(digits, "big")
            else:
                number = need(unscaled, "int")
            fit(abs(number) < 10**38 - (unscaled[0] == "tag" and unscaled[1][0] == 3), "more than 38 digits")
        elif tag == 0x4D464D:
            try:
                need(inner, "bytes").decode()
            except UnicodeDecodeError:
                return
            raise Bad("text that is UTF-8 after all")
        else:
            fit(tag == 37 and len(need(inner, "bytes")) == 16, "a tag that no journal holds")
    else:
        fit(kind in ("null", "bool", "float", "text", "bytes"), "no value")


def cells(item, count):
    values = need(item, "array")
    fit(len(values) == count, "more or fewer values than columns")
    for one in values:
        cell(one)
    return values


def digest_of(item):
    fit(item[0] == "bytes" and len(item[1]) == 32, "expected a digest")


class Tree:
    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, node):
        size = self.size
        while size & 1:
            node, size = sha(b"\1", self.peaks.pop(), node), size >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self):
        out = self.peaks[-1] if self.peaks else sha()
        for left in reversed(self.peaks[:-1]):
            out = sha(b"\1", left, out)
        return out


# Chunks.

class Chunk:
    """What a chunk of changes holds: leaves, and how many of them write."""

    def __init__(self, data):
        tag, tables, changes = need(whole(data), "array", 3)
        fit(tag[1] == "mfm/chunk/1", "no chunk of changes")
        self.wrong, self.leaves, self.rows, named, size = [], [], 0, [], 0
        self.tables = [self.table(one) for one in need(tables, "array")]
        for one in need(changes, "array"):
            fit(len(self.leaves) < ITEMS and size < BYTES, "a change after the one that fills the chunk")
            size += len(one[2])
            at = self.change(one)
            if at not in named:
                named.append(at)
        self.full = len(self.leaves) >= ITEMS or size >= BYTES
        fit(named == list(range(len(self.tables))) and named, "tables that no change names, or out of turn")
        fit(len({one[3] for one in self.tables}) == len(self.tables), "a table twice")
        self.names = {one[0] for one in self.tables}

    @staticmethod
    def table(item):
        name, key, columns, omitted = need(item, "array", 4)
        for column in need(columns, "array"):
            one = need(column, "array", 6)
            fit(one[0][0] == one[1][0] == "text" and one[5][0] in ("text", "null"), "no column")
            for number, most in zip(one[2:5], (255, 255, 2**32 - 1)):
                small(number, most)
        texts(omitted)
        return need(name, "text"), len(texts(key)), [one[1][0] for one in columns[1]], item[2]

    def change(self, item):
        """Checks a change and its row digest, adds its leaf, and returns the place of its table."""
        items = need(item, "array")
        fit(len(items) > 3, "no change")
        at, code = need(items[0], "int"), need(items[1], "int")
        fit(0 <= at < len(self.tables) and code in (0, 1, 2, 3) and len(items) == (5, 8, 5, 4)[code], "no change")
        name, wide, names, _ = self.tables[at]
        cells(items[2], wide)
        before = after = before_digest = after_digest = NULL
        if code == 1:
            places = [need(one, "int") for one in need(items[3], "array")]
            fit(places == sorted(set(places)) and all(0 <= one < len(names) for one in places), "columns out of turn")
            names = [names[one] for one in places]
            for one in items[4:6]:
                cells(one, len(places))
            for one in items[6:8]:
                digest_of(one)
            before, after, before_digest, after_digest = (raw for _, _, raw in items[4:8])
        elif code == 3:
            names, before_digest, after_digest = [], items[3][2], items[3][2]
            if items[3][0] != "null":
                digest_of(items[3])
        else:
            row = cells(items[3], len(names))
            digest_of(items[4])
            pairs = sorted(zip(names, row), key=lambda pair: pair[0][1].encode())
            row = array(*(raw for column, value in pairs for raw in (column[2], value[2])))
            if sha(array(cbor("mfm/row/1"), row)) != items[4][1]:
                self.wrong.append(f"a row of {name} does not match its digest")
            if code == 0:
                after, after_digest = items[3][2], items[4][2]
            else:
                before, before_digest = items[3][2], items[4][2]
        self.rows += code != 3
        leaf = array(cbor("mfm/change/1"), cbor(name), cbor(WORDS[code]), items[2][2], array(*(raw for *_, raw in names)),
                     before, after, before_digest, after_digest)
        self.leaves.append(sha(b"\0", leaf))
        return at


# Bodies and the fold. `like` says what a body holds; what stands there besides is the writer's own.

def like(value, shape):
    if isinstance(shape, tuple):
        return any(like(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(like(one, shape[0]) for one in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(like(value.get(key), one) for key, one in shape.items())
    if shape is int:
        return type(value) is int and value >= 0
    if isinstance(shape, type):
        return type(value) is shape
    return value is None if shape is None else isinstance(value, str) and re.fullmatch(shape, value) is not None


HEX = "[0-9a-f]{64}"
NAMES = dict.fromkeys(("tool", "mode", "variant", "severity"), str)
TARGET = {"name": str, "identity": HEX, "marker_id": str}
INTENDED = dict(NAMES, action="apply|revert", plan_digest=HEX, plan_id=(str, None), target=TARGET, reverts=(int, None),
                reverted_uid=(HEX, None), depth=int, rows=int, kept=int, chunks=[HEX], rows_root=HEX, tables=[str],
                keys=({"table": str, "count": int, "digest": HEX, "chunks": [HEX]}, None),
                residue=[{"table": str, "what": str}], detail=dict)
ACTIVE = dict(NAMES, uid=HEX, identity=HEX, target=str, reverts=(int, None), depth=int, rows=int, rows_left=int)
NEWEST = {"op": int, "uid": HEX}
SEALED = {"uid": HEX, "verdict": "|".join(VERDICTS), "newest": (NEWEST, None),
          "reactivates": ({"op": int, "operation": ACTIVE}, None)}
SAID = {"name": str, "url": str, "domain": (str, None), "synthetic": (bool, None)}
MARKED = dict(SAID, identity=HEX, marker_id=str, lab=bool, moved_from=(HEX, None))
FOLDED = {"digest": HEX, "fold": int}


def only(value, shape):
    return {key: value.get(key) for key in shape}


def fold(state, seq, kind, op, digest, body):
    """Takes an entry into the state, or says why it does not fit."""
    fit((seq == 1) == (kind == "opened"), "entry 1 alone opens a journal")
    if kind == "intended":
        fit(like(body, INTENDED) and body["depth"] < 2**32, "its body lacks something")
        reverts, next_op = body.get("reverts"), state["next_op"]
        fit(op == next_op, f"the next operation is {next_op}")
        whole = {body["action"] == "revert", reverts is not None, body.get("reverted_uid") is not None,
                 body["depth"] > 0}
        fit(len(whole) == 1 and (reverts is None or 0 < reverts < next_op), "it does not say what it takes back")
        state["open"][str(op)] = dict(only(body, NAMES), uid=digest.hex(), identity=body["target"]["identity"],
                                      target=body["target"]["name"], action=body["action"], reverts=reverts,
                                      depth=body["depth"], rows=body["rows"], kept=body["kept"])
        state["next_op"] += 1
    elif kind in VERDICTS:
        shape = SEALED if kind == "gone" else {"uid": HEX, "verdict": SEALED["verdict"]}
        fit(like(body, shape) and op is not None and op < state["next_op"], "it names no operation")
        fit(body["verdict"] == kind, "its body gives another verdict")
        if kind == "gone":
            gone(state, str(op), body)
        else:
            fit(state["open"].get(str(op), {}).get("uid") == body["uid"], f"operation {op} is not open under this uid")
            done = state["open"].pop(str(op))
            if kind == "applied":
                applied(state, op, done)
    elif kind not in KNOWN:
        state["unknown"] += 1
        return
    else:
        fit(op is None, "an entry of this kind names no operation")
        if kind in TARGETS:
            target(state["targets"], kind, body)
    state["counts"][kind] = state["counts"].get(kind, 0) + 1


def applied(state, op, done):
    for one in state["targets"].values():
        if done["identity"] in one["lineage"]:
            one["newest"] = {"op": op, "uid": done["uid"]}
    active = state["active"].get(str(done["reverts"]))
    if active:
        active["rows_left"] = max(0, active["rows_left"] - done["rows"] - done["kept"])
        if active["rows_left"] == 0:
            del state["active"][str(done["reverts"])]
    if done["depth"] % 2 == 0 and done["rows"] > 0:
        state["active"][str(op)] = only(dict(done, rows_left=done["rows"]), ACTIVE)


def gone(state, op, body):
    fit(op not in state["open"], f"operation {op} is still open")
    fit(state["active"].get(op, body)["uid"] == body["uid"], f"its uid is not that of operation {op}")
    state["active"].pop(op, None)
    again, newest = body.get("reactivates"), body.get("newest")
    if again:
        state["active"][str(again["op"])] = only(again["operation"], ACTIVE)
    for one in state["targets"].values():
        if one["newest"] and one["newest"]["uid"] == body["uid"]:
            one["newest"] = newest and only(newest, NEWEST)


def target(targets, kind, body):
    new = {"url": "", "identity": None, "marker_id": None, "lineage": [], "lab": False, "newest": None,
           "domain": None, "synthetic": None}
    shape = {"target_added": SAID, "target_marked": MARKED}.get(kind, {"name": str})
    fit(like(body, shape), "its body lacks something")
    if kind == "target_added":
        targets[body["name"]] = dict(new, **{key: body.get(key) for key in ("url", "domain", "synthetic")})
    elif kind == "target_marked":
        one = targets.setdefault(body["name"], new)
        if body.get("moved_from") is None:
            one["lineage"], one["newest"] = [], None
        one.update(only(body, ("url", "identity", "marker_id", "lab", "synthetic")))
        one["lineage"].append(body["identity"])
        one["domain"] = body.get("domain", one["domain"]) or one["domain"]
    elif kind == "target_removed":
        targets.pop(body["name"], None)
    elif body["name"] in targets:
        targets[body["name"]].update(identity=None, marker_id=None, newest=None, synthetic=None, lineage=[])


def canonical(value):
    """RFC 8785 for what bodies and states hold: keys are sorted by their UTF-16 code units."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(one)}" for key, one in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def within(value, deep=0):
    """Checks that a body keeps the limits of bodies."""
    fit(deep <= DEPTH, "its body nests too deep")
    if isinstance(value, dict):
        fit(all(key.isascii() for key in value), "a key of its body is not ASCII")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        within(one, deep + 1)
    fit(not isinstance(value, float) and (type(value) is not int or abs(value) <= INTEGER), "a number is out of bounds")


def projection(rules, seq, prev, tree, state):
    """Returns state and digest of the projection that the rules of a version make."""
    targets = {}
    for name, one in state["targets"].items():
        drop = [key for key in ("domain", "synthetic") if rules < 3 or one[key] is None]
        targets[name] = {key: value for key, value in one.items() if key not in drop}
    text, frontier = canonical(dict(state, targets=targets)), b"".join(tree.peaks)
    return text, sha(array(*map(cbor, ("mfm/projection/1", rules, seq, prev, frontier, text))))


class Verifier:
    def __init__(self, conn):
        self.conn, self.seen, self.chunks, self.operations = conn, set(), {}, []
        self.state = {"next_op": 1, "open": {}, "active": {}, "targets": {}, "counts": {}, "unknown": 0}
        self.tree, self.prev, self.seq, self.stored = Tree(), bytes(32), 0, None

    def find(self, where, what):
        findings.append(f"{where}: {what}")

    def attempt(self, where, check, *more):
        try:
            return check(*more)
        except (Bad, UnicodeError, RecursionError, ValueError, OverflowError, sqlite3.Error) as error:
            self.find(where, error)

    def file(self):
        one = lambda sql: self.conn.execute(sql).fetchone()[0]
        for pragma, expected in (("application_id", 0x4D464D4A), ("user_version", 1), ("encoding", "UTF-8")):
            found = one(f"PRAGMA {pragma}")
            fit(found == expected, f"{pragma} is {found}")
        for (said,) in self.conn.execute("PRAGMA integrity_check(100)").fetchall():
            if said != "ok":
                self.find("file", said)
        wanted = {("index", f"sqlite_autoindex_{name}_1", name, None) for name in ("entry", "chunk")}
        for sql in re.split(r";\n(?=CREATE |\Z)", SCHEMA.strip() + "\n")[:-1]:
            kind, name, table = re.match(r"CREATE (\w+) (\w+)(?:.*? ON (\w+))?", sql, re.S).groups()
            wanted.add((kind.lower(), name, name if kind == "TABLE" else table, sql))
        found = set(self.conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
        for kind, name, *_ in sorted(wanted ^ found, key=str):
            self.find("schema", f"the {kind} {name} is not as it should be")

    def projected(self):
        rows = self.conn.execute("SELECT fold, seq, head, frontier, state, digest FROM projection").fetchall()
        ids = self.conn.execute("SELECT id FROM projection").fetchall()
        fit(ids == [(1,)] and like(list(rows[0][:2]), [int]) and all(type(one) is bytes for one in rows[0][2:4]),
            "there is none, or it is damaged")
        rules, seq, prev, frontier, text, digest = rows[0]
        fit(sha(array(*map(cbor, ("mfm/projection/1", rules, seq, prev, frontier, text)))) == digest,
            "its digest does not match its content")
        if rules in FOLDS:
            self.stored = rows[0]

    def entries(self):
        for row in self.conn.execute(
                "SELECT seq, kind, op, at, actor, face, body, prev, digest FROM entry NOT INDEXED ORDER BY seq"):
            types = (int, str, (int, type(None)), int, str, str, str, bytes, bytes)
            if not all(map(isinstance, row, types)) or len(row[7]) != 32 or len(row[8]) != 32 or (row[2] or 0) < 0:
                self.find(f"entry {row[0]}", "a column has another type")
                self.seq, self.prev = row[0], bytes(32)
                continue
            self.entry(*row)
        fit(self.seq > 0, "there is no entry")
        if self.stored:
            self.find("projection", f"it is of entry {self.stored[1]}, the newest is {self.seq}")

    def entry(self, seq, kind, op, at, actor, face, text, before, digest):
        where = f"entry {seq}"
        if seq != self.seq + 1 or before != self.prev:
            self.find(where, f"it does not follow entry {self.seq}")
        if sha(array(*map(cbor, ("mfm/entry/1", seq, kind, op, at, actor, face, text, before)))) != digest:
            self.find(where, "its digest does not match its content")
        else:
            body = self.attempt(where, self.body, text)
            if body is not None:
                self.attempt(where, self.folded, body)
                self.attempt(where, fold, self.state, seq, kind, op, digest, body)
                self.attempt(where, self.order, kind, op, digest, body)
                self.attempt(where, self.documents, where, body)
                if kind == "intended" and like(body, INTENDED):
                    self.attempt(where, self.images, where, body)
        self.seq, self.prev = seq, digest
        self.tree.push(sha(b"\0", digest))
        if self.stored and self.stored[1] == seq:
            rules, _, prev, frontier, state, claimed = self.stored
            made = projection(rules, seq, digest, self.tree, self.state)
            if (prev, frontier) != (digest, b"".join(self.tree.peaks)) or made != (state, claimed):
                self.find("projection", f"it is not what entries 1 to {seq} fold to")
            self.stored = None

    def body(self, text):
        body = json.loads(text)
        fit(isinstance(body, dict), "its body is no object")
        within(body)
        if canonical(body) != text:
            self.find(f"entry {self.seq + 1}", "its body is not canonical")
        return body

    def folded(self, body):
        if "folded" in body:
            said = body["folded"]
            fit(like(said, FOLDED), "what it says of the state cannot be read")
            _, digest = projection(FOLD, self.seq, self.prev, self.tree, self.state)
            fit(said["fold"] != FOLD or said["digest"] == digest.hex(), "the entries before it fold to another state")

    def order(self, kind, op, digest, body):
        """Checks what the fold forgets: what reverts take back, and that what is gone had been applied."""
        at = lambda op: self.operations[op - 1] if type(op) is int and 0 < op <= len(self.operations) else [None] * 3
        if kind == "intended":
            fit(like(body, INTENDED), "its body lacks something")
            uid, depth, _ = at(body.get("reverts"))
            if op == len(self.operations) + 1:
                self.operations.append([digest.hex(), body["depth"], None])
            fit(body.get("reverts") is None or (uid is not None and body.get("reverted_uid") == uid
                                                and body["depth"] == depth + 1), "what it takes back is another one")
        elif kind in VERDICTS:
            known = at(op)
            fits = kind in AFTER.get(known[2], ()) and body.get("uid") == known[0]
            known[2] = kind
            fit(fits, f"operation {op} cannot become {kind} here")

    def load(self, digest):
        found = self.conn.execute("SELECT bytes FROM chunk WHERE digest = ?", [bytes.fromhex(digest)]).fetchone()
        fit(found is not None and type(found[0]) is bytes, f"chunk {digest} is missing")
        fit(sha(found[0]).hex() == digest, f"chunk {digest} has another digest")
        return found[0]

    def documents(self, where, body):
        named = body.get("documents", [])
        fit(like(named, [HEX]), "its documents are no list of digests")
        for digest in named:
            if ("document", digest) not in self.seen:
                self.seen |= {digest, ("document", digest)}
                self.attempt(where, self.document, digest)

    def document(self, digest):
        tag, media, data = need(whole(self.load(digest)), "array", 3)
        name = "[a-z0-9][a-z0-9!#$&^_.+-]*"
        fit(tag[1] == "mfm/document/1" and len(need(data, "bytes")) <= DOCUMENT and len(need(media, "text")) <= 127
            and re.fullmatch(f"{name}/{name}", media[1]), f"chunk {digest} is no document")

    def images(self, where, body):
        named = body["chunks"]
        self.seen.update(named)
        fit(len(set(named)) == len(named), "it names a chunk more than once")
        tree, rows, tables = Tree(), 0, set()
        for digest in named:
            if digest not in self.chunks:
                self.chunks[digest] = Chunk(self.load(digest))
            chunk = self.chunks[digest]
            for wrong in chunk.wrong:
                self.find(where, wrong)
            fit(chunk.full or digest == named[-1], f"chunk {digest} closed before it was full")
            for leaf in chunk.leaves:
                tree.push(leaf)
            rows += chunk.rows
            tables |= chunk.names
        fit((rows, tree.size - rows, tree.root().hex()) == (body["rows"], body["kept"], body["rows_root"]),
            "its images are not the changes it announces")
        fit(sorted(tables, key=str.encode) == body["tables"], "its images are of other tables than it announces")
        if body.get("keys"):
            self.keys(body["keys"])

    def keys(self, said):
        named = said["chunks"]
        self.seen.update(named)
        fit(len(set(named)) == len(named), "its chosen keys name a chunk more than once")
        keys, names = [], NULL
        for digest in named:
            tag, table, columns, part = need(whole(self.load(digest)), "array", 4)
            fit(tag[1] == "mfm/keys/1" and need(table, "text") == said["table"], f"chunk {digest} holds no such keys")
            texts(columns)
            fit(names in (NULL, columns[2]), "its chosen keys change their columns")
            names, size = columns[2], 0
            for count, one in enumerate(need(part, "array")):
                fit(count < ITEMS and size < BYTES, "a key after the one that fills the chunk")
                cells(one, len(columns[1]))
                size += len(one[2])
            full = len(part[1]) >= ITEMS or size >= BYTES
            fit(full or digest == named[-1], f"chunk {digest} closed before it was full")
            fit(part[1] or len(named) == 1, f"chunk {digest} holds no key")
            keys += [raw for *_, raw in part[1]]
        digest = sha(array(cbor("mfm/chosen/1"), cbor(said["table"]), names, array(*keys)))
        fit((digest.hex(), len(keys)) == (said["digest"], said["count"]), "its chosen keys have another digest or number")
        fit(named, "its chosen keys name no chunk")

    def unreferenced(self):
        for (digest,) in self.conn.execute("SELECT digest FROM chunk NOT INDEXED"):
            if type(digest) is not bytes or digest.hex() not in self.seen:
                self.find("chunk", f"{digest.hex() if type(digest) is bytes else digest} is named by no entry")


def verify(path):
    log = path + "-wal"
    mode = "mode=ro" if os.path.exists(log) and os.path.getsize(log) else "immutable=1"
    conn = sqlite3.connect(f"file:{urllib.parse.quote(path)}?{mode}", uri=True, isolation_level=None)
    verifier = Verifier(conn)
    conn.execute("BEGIN")
    for where, check in (("file", verifier.file), ("projection", verifier.projected), ("entries", verifier.entries),
                         ("chunks", verifier.unreferenced)):
        verifier.attempt(where, check)
    print(f"head {verifier.seq} {verifier.prev.hex()}\nroot {verifier.tree.root().hex()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        verify(sys.argv[1])
    except (OSError, ValueError, sqlite3.Error) as error:
        findings.append(f"file: {error}")
    print("\n".join(f"finding: {finding}" for finding in findings) or "no findings")
    sys.exit(bool(findings))
