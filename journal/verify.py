#!/usr/bin/env python3
"""Verifies an mfm journal with nothing but Python's standard library, from what README.md says of its bytes.

Usage: verify.py JOURNAL. Prints head, root and findings; exit status 1 if there are any.
"""
import hashlib, json, os, sqlite3, sys, urllib.parse

NULL, WORDS = b"\xf6", ("insert", "update", "delete", "kept")
AFTER = {None: {"applied", "failed", "abandoned"}, "applied": {"gone"}}
findings = []


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


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


def read(data, at):
    """Returns (value, raw bytes) and the end; an array's value is a list of such pairs."""
    start, major, n = at, data[at] >> 5, data[at] & 31
    at += 1
    if n > 23:
        size = {24: 1, 25: 2, 26: 4, 27: 8}[n]
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major in (2, 3):
        value, at = data[at:at + n], at + n
        value = value.decode() if major == 3 else value
    elif major == 4:
        value = []
        for _ in range(n):
            item, at = read(data, at)
            value.append(item)
    elif major == 6:
        value, at = read(data, at)
    else:  # of numbers only integers are looked at; null is f6
        value = {0: n, 1: -1 - n}.get(major)
    return (value, data[start:at]), at


class Tree:
    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, leaf):
        node, size = sha(b"\0", leaf), self.size
        while size & 1:
            node, size = sha(b"\1", self.peaks.pop(), node), size >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self):
        out = self.peaks[-1] if self.peaks else sha()
        for left in reversed(self.peaks[:-1]):
            out = sha(b"\1", left, out)
        return out


def change(where, tables, raw_change, tree):
    """Checks the row digest of an insert or a delete, adds the leaf, and tells whether the change writes."""
    items = [pair for pair in raw_change[0]]
    (name, raw_name), _, columns, _ = tables[items[0][0]][0]
    code, key = items[1][0], items[2][1]
    names = [column[0][0] for column in columns[0]]
    before = after = before_digest = after_digest = NULL
    if code == 1:
        names = [names[at] for at, _ in items[3][0]]
        before, after, before_digest, after_digest = (raw for _, raw in items[4:8])
    elif code == 3:
        names, before_digest, after_digest = [], items[3][1], items[3][1]
    else:
        pairs = sorted(zip(names, items[3][0]), key=lambda pair: pair[0][0].encode())
        row = array(*(raw for pair in pairs for raw in (pair[0][1], pair[1][1])))
        if sha(array(cbor("mfm/row/1"), row)) != items[4][0]:
            findings.append(f"{where}: a row of {name} does not match its digest")
        if code == 0:
            after, after_digest = items[3][1], items[4][1]
        else:
            before, before_digest = items[3][1], items[4][1]
    tree.push(array(cbor("mfm/change/1"), raw_name, cbor(WORDS[code]), key, array(*(raw for _, raw in names)),
                    before, after, before_digest, after_digest))
    return code != 3


def images(conn, where, body):
    """Checks all chunks that an intent names."""
    def chunk(digest):
        found = conn.execute("SELECT bytes FROM chunk WHERE digest = ?", [bytes.fromhex(digest)]).fetchone()
        if found is None or sha(found[0]).hex() != digest:
            findings.append(f"{where}: chunk {digest} is missing or has another digest")
        return read(found[0], 0)[0][0] if found else []

    tree, written = Tree(), 0
    for tag, tables, changes in filter(None, map(chunk, body["chunks"])):
        written += sum(change(where, tables[0], one, tree) for one in changes[0])
    if (written, tree.size - written, tree.root().hex()) != (body["rows"], body["kept"], body["rows_root"]):
        findings.append(f"{where}: its images are not the changes it announces")
    if body["keys"]:
        parts = [part for part in map(chunk, body["keys"]["chunks"]) if part]
        keys = [raw for part in parts for _, raw in part[3][0]]
        names = parts[0][2][1] if parts else NULL
        digest = sha(array(cbor("mfm/chosen/1"), cbor(body["keys"]["table"]), names, array(*keys)))
        if (digest.hex(), len(keys)) != (body["keys"]["digest"], body["keys"]["count"]):
            findings.append(f"{where}: its chosen keys have another digest or number")


def documents(conn, where, named):
    """Checks the documents that a body names."""
    for digest in named:
        found = conn.execute("SELECT bytes FROM chunk WHERE digest = ?", [bytes.fromhex(digest)]).fetchone()
        item = read(found[0], 0)[0][0] if found and sha(found[0]).hex() == digest else None
        if not item or array(*map(cbor, ("mfm/document/1", item[1][0], item[2][0]))) != found[0]:
            findings.append(f"{where}: document {digest} is missing, has another digest or is none")


def order(where, kind, op, digest, body, operations):
    """Checks that an entry may come here in the life of its operation."""
    if kind == "intended":
        uid, depth = (operations.get(body["reverts"]) or [None, -1])[:2]
        if op != len(operations) + 1 or (body["reverted_uid"], body["depth"]) != (uid, depth + 1):
            findings.append(f"{where}: the intent does not fit the operations before it")
        operations[op] = [digest.hex(), body["depth"], None]
    elif kind in ("applied", "failed", "abandoned", "gone"):
        known = operations.get(op, ["", 0, "no operation"])
        if kind not in AFTER.get(known[2], ()) or (body["uid"], body["verdict"]) != (known[0], kind):
            findings.append(f"{where}: operation {op} cannot become {kind} here")
        known[2] = kind


def verify(path):
    log = path + "-wal"
    mode = "mode=ro" if os.path.exists(log) and os.path.getsize(log) else "immutable=1"
    conn = sqlite3.connect(f"file:{urllib.parse.quote(path)}?{mode}", uri=True)
    numbers = conn.execute("PRAGMA application_id").fetchone() + conn.execute("PRAGMA user_version").fetchone()
    if numbers != (0x4D464D4A, 1):
        findings.append(f"file: application_id and user_version are {numbers}")
    tree, prev, operations = Tree(), bytes(32), {}
    for seq, kind, op, at, actor, face, text, before, digest in conn.execute(
            "SELECT seq, kind, op, at, actor, face, body, prev, digest FROM entry NOT INDEXED ORDER BY seq"):
        where = f"entry {seq}"
        if seq != tree.size + 1 or before != prev or (seq == 1) != (kind == "opened"):
            findings.append(f"{where}: it does not follow entry {tree.size}")
        if sha(array(*map(cbor, ("mfm/entry/1", seq, kind, op, at, actor, face, text, before)))) != digest:
            findings.append(f"{where}: its digest does not match its content")
        prev = digest
        tree.push(digest)
        try:
            body = json.loads(text)
            if json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False) != text:
                findings.append(f"{where}: its body is not canonical")
            order(where, kind, op, digest, body, operations)
            documents(conn, where, body.get("documents", []))
            if kind == "intended":
                images(conn, where, body)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            findings.append(f"{where}: it cannot be read: {error!r}")
    print(f"head {tree.size} {prev.hex()}\nroot {tree.root().hex()}")


if __name__ == "__main__":
    try:
        verify(sys.argv[1])
    except (sqlite3.Error, UnicodeDecodeError) as error:
        findings.append(f"file: {error}")
    print("\n".join(f"finding: {finding}" for finding in findings) or "no findings")
    sys.exit(bool(findings))
