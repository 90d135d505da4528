"""What a PyMedPhys reader makes of each fault: breaks a lab with mfm, reads it with PyMedPhys, and takes it all back.

Usage: pymedphys_reads.py MFM FOLDER [--patients N]

MFM is the program to test; FOLDER is made and holds lab and journal. Prints one Markdown table. PyMedPhys asks SQL
Server; here its queries go to the SQLite lab, with the little of T-SQL that they use translated.
"""

import argparse
import datetime
import json
import pathlib
import re
import sqlite3
import subprocess
import warnings

import numpy as np
import pymedphys
from pymedphys._mosaiq import api, delivery, helpers

NOW = "2024-06-29T12:00:00"
SEED = "6"
# Both banks in one coordinate and no padding: what PyMedPhys expects of a machine.
MACHINE = "LINAC 3"
SAME = "reads what it read before"


def execute(connection, query, parameters=None):
    """Stands in for `pymedphys.mosaiq.execute`: the same rows, from SQLite."""
    query = query.replace("SET TEXTSIZE 2147483647", "")
    query = re.sub(r"DATEADD\(second, (-?)%\((\w+)\)d, %\((\w+)\)s\)", r"moved(\1:\2, :\3)", query)
    query = re.sub(r"%\((\w+)\)s", r":\1", query)
    return connection.execute(query, parameters or {}).fetchall()


def moved(seconds, text):
    moment = datetime.datetime.fromisoformat(text) + datetime.timedelta(seconds=seconds)
    return moment.isoformat(sep=" ", timespec="milliseconds")


class Bench:
    """A lab, the program that breaks it, and PyMedPhys that reads it."""

    def __init__(self, program, folder, patients):
        self.program, self.folder = program, folder
        self.mfm("lab", "create", f"sqlite:{folder / 'lab.db'}", "--patients", str(patients))
        self.connection = sqlite3.connect(f"file:{folder / 'lab.db'}?mode=ro", uri=True)
        self.connection.create_function("moved", 2, moved, deterministic=True)

    def mfm(self, *words):
        command = [self.program, "--journal", str(self.folder / "journal.db"), "--json", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(command)}: {done.stderr}")
        return json.loads(done.stdout)

    def one(self, query, *parameters):
        return self.connection.execute(query, parameters).fetchone()

    def findings(self):
        report = self.mfm("check", "--now", NOW)
        return {json.dumps(finding, sort_keys=True): finding["check"] for finding in report["findings"]}


def said(error):
    """The first words of an error, without the numbers that differ from record to record."""
    text = re.sub(r"\s+", " ", str(error)).strip()
    text = re.sub(r"The lengths seen were .*", "", text).strip().rstrip(".")
    text = re.sub(r"were found for .*", "were found", text)
    text = re.sub(r"The return results .*", "no single field found", text)
    return f"{type(error).__name__}: {text}"


def attempt(read):
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return read(), None
    except Exception as error:  # the kind of error is what is looked at
        return None, said(error)


def field_shape(connection, field):
    """`Delivery.from_mosaiq`, in figures that people compare."""
    read = pymedphys.Delivery.from_mosaiq(connection, field)
    mlc, gaps = np.array(read.mlc), np.array(read.mlc)[:, :, 0] + np.array(read.mlc)[:, :, 1]
    return {
        "MU": round(float(read.monitor_units[-1]), 2),
        "control points": len(read.monitor_units),
        "leaf pairs": mlc.shape[1],
        "widest leaf position (mm)": round(float(np.abs(mlc).max()), 1),
        "crossed pairs": int((gaps < 0).sum()),
        "gantry (deg)": [round(float(np.min(read.gantry)), 1), round(float(np.max(read.gantry)), 1)],
        "collimator (deg)": [round(float(np.min(read.collimator)), 1), round(float(np.max(read.collimator)), 1)],
        "checksum": hash((tuple(read.monitor_units), tuple(read.gantry), np.array(read.mlc).tobytes())),
    }


def readers(bench, record):
    """The readers that a record concerns, by name, each as a function without arguments."""
    connection, table, key = bench.connection, record["table"], record["key"]
    found = {}
    field = None
    if table == "TxField":
        field = key
    elif table == "TxFieldPoint":
        field = bench.one("SELECT FLD_ID FROM TxFieldPoint WHERE TFP_ID = ?", key)[0]
    if field is not None:
        found["Delivery.from_mosaiq"] = lambda: field_shape(connection, field)
        ida = bench.one(
            "SELECT IDA FROM Ident JOIN TxField ON TxField.Pat_ID1 = Ident.Pat_Id1 WHERE FLD_ID = ?", field
        )[0]
        found["get_patient_fields"] = lambda: helpers.get_patient_fields(connection, ida).to_dict("records")
    if table == "TrackTreatment":
        found |= of_delivery(bench, key)
    return found


def of_delivery(bench, key):
    connection = bench.connection
    start, field, machine, label, name = bench.one(
        "SELECT TrackTreatment.Create_DtTm, TxField.FLD_ID, REPLACE(Staff.Last_Name, ' ', ''), Field_Label, Field_Name"
        " FROM TrackTreatment JOIN TxField USING (FLD_ID)"
        " JOIN Staff ON Staff.Staff_ID = TrackTreatment.Machine_ID_Staff_ID WHERE TTX_ID = ?",
        key,
    )
    inside = moved(2, start)
    return {
        "get_treatments": lambda: helpers.get_treatments(
            connection, moved(-1, start), moved(60, start), machine
        ).to_dict("records"),
        "get_treatment_times": lambda: helpers.get_treatment_times(connection, field).to_dict("records"),
        "get_mosaiq_delivery_details": lambda: str(
            delivery.get_mosaiq_delivery_details(connection, machine, inside, label, name)
        ),
    }


def difference(before, after):
    """What a reader returns now, against what it returned before."""
    (old, old_error), (new, new_error) = before, after
    if old_error:
        return f"refused it clean ({old_error})"
    if new_error:
        return f"refuses: {new_error}"
    if repr(old) == repr(new):
        return SAME
    if isinstance(old, list):
        if len(old) != len(new):
            return f"returns {len(new)} rows instead of {len(old)}, no error"
        changed = {name for a, b in zip(old, new) for name in a if repr(a[name]) != repr(b[name])}
        return "returns other values, no error: " + ", ".join(sorted(changed))
    if isinstance(old, dict):
        changed = [f"{name} {old[name]} -> {new[name]}" for name in old if name != "checksum" and old[name] != new[name]]
        return "reads it, no error: " + ("; ".join(changed) or "other leaf positions or weights")
    return "returns other details, no error"


def written(changes):
    """How many rows, and which columns."""
    tables = {}
    for change in changes:
        place = tables.setdefault((change["kind"], change["table"]), [0, set()])
        place[0] += 1
        before, after = change["before"] or {}, change["after"] or {}
        if change["kind"] == "update":
            place[1] |= {name for name in after if before.get(name) != after.get(name)}
    rows = []
    for (kind, table), (count, columns) in sorted(tables.items()):
        noun = "row" if count == 1 else "rows"
        what = f" of {', '.join(sorted(columns))}" if columns else ""
        verb = {"update": "changed", "insert": "added", "delete": "deleted"}[kind]
        rows.append(f"{table}: {count} {noun} {verb}{what}")
    return "; ".join(rows)


def line(bench, mode, variant, clean):
    words = [mode["tool"], "--variant", variant["word"], "--sample", "1", "--seed", SEED, "--now", NOW, "--machine", MACHINE, "--yes"]
    plan = bench.mfm("plan", *words[:-1])
    named = plan["params"].get("table") or plan["params"].get("record_type")
    record = {"table": named or mode["record"].split(".")[0], "key": plan["keys"][0]}
    found = readers(bench, record)
    before = {name: attempt(read) for name, read in found.items()}
    applied = bench.mfm("apply", *words)
    after = {name: attempt(read) for name, read in found.items()}
    new = sorted({check for text, check in bench.findings().items() if text not in clean})
    back = bench.mfm("revert", str(applied["op"]))
    assert back["operations"][0]["exact"], back
    assert {name: attempt(read) for name, read in found.items()} == before, "PyMedPhys reads the lab as before"
    differences = {name: difference(before[name], after[name]) for name in found}
    notes = [f"`{name}` {note}" for name, note in differences.items() if note != SAME]
    reading = "<br>".join(notes) or (SAME if found else "never reads this table")
    seen = ", ".join(f"`{check}`" for check in new)
    columns = [f"`{mode['tool']}`", variant["word"], written(applied["changes"]), variant["eligible"], reading, seen]
    return "| " + " | ".join(columns) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--patients", type=int, default=60)
    given = parser.parse_args()
    given.folder.mkdir(parents=True)
    api.execute = execute
    bench = Bench(given.program, given.folder, given.patients)
    clean = bench.findings()
    assert not clean, "a clean lab has findings"
    print("| tool | variant | what one record's fault writes | eligible | what PyMedPhys makes of it | seen by |")
    print("|---|---|---|---|---|---|")
    # What is possible is read like anything else.
    for mode in (mode for mode in bench.mfm("modes")["modes"] if mode["group"] == "specified"):
        for variant in mode["variants"]:
            print(line(bench, mode, variant, clean))


if __name__ == "__main__":
    main()
