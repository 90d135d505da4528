"""What PyMedPhys makes of faults in a database on SQL Server, which it asks itself: breaks fields, reads, takes it back.

Usage: pymedphys_mssql.py MFM FOLDER SOURCE URL

MFM is the program to test; FOLDER is made for the journal; SOURCE is what `mfm lab import` takes, and URL a database that
is not there yet, or empty. The password is in MFM_MSSQL_PASSWORD. Prints one line a variant: the tool, the variant, the
field, and what `Delivery.from_mosaiq` makes of it; then how many fields it reads, and that all read as before.
"""

import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

import pymedphys
from pymedphys_reads import SAME, attempt, difference, field_shape

NOW = "2020-06-29T12:00:00"
# So many samples are drawn until one meets a field that PyMedPhys reads.
SEEDS = 60
TABLES = ("TxField", "TxFieldPoint")


class Bench:
    """A database, the program that breaks it, and PyMedPhys's own connection."""

    def __init__(self, program, folder, source, url):
        self.program, self.folder = program, folder
        # Where the server holds no character 0, SOURCE lacks it and is no longer known as the public mock.
        signs = ("--override", "times-unreadable")
        self.mfm("lab", "import", source, url, *signs)
        place = urllib.parse.urlsplit(url)
        self.connection = pymedphys.mosaiq.connect(
            place.hostname,
            port=place.port,
            database=place.path.lstrip("/"),
            username=place.username,
            password=os.environ["MFM_MSSQL_PASSWORD"],
        )

    def mfm(self, *words, refused=False):
        command = [self.program, "--journal", str(self.folder / "journal.db"), "--json", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        # 1: nothing of that kind is there to break; 3: refused, say for a table that the database lacks.
        if done.returncode in (1, 3) and refused:
            return None
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {done.stderr}")
        return json.loads(done.stdout)

    def ask(self, query):
        return pymedphys.mosaiq.execute(self.connection, query)

    def read(self, field):
        return attempt(lambda: field_shape(self.connection, field))


def chosen(bench, mode, variant, fields):
    """A request whose one record belongs to a field that PyMedPhys reads clean, with that field; or None."""
    of_point = {point: field for point, field in bench.ask("SELECT TFP_ID, FLD_ID FROM TxFieldPoint")}
    for seed in range(SEEDS):
        words = [mode["tool"], "--variant", variant["word"], "--sample", "1", "--seed", str(seed), "--now", NOW]
        plan = bench.mfm("plan", *words, refused=True)
        if plan is None:
            return None
        table = plan["params"].get("table") or plan["params"].get("record_type") or mode["record"].split(".")[0]
        if table not in TABLES:
            return None
        field = of_point.get(plan["keys"][0]) if table == "TxFieldPoint" else plan["keys"][0]
        if field in fields:
            return words, field
    return None


def main():
    program, folder, source, url = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    folder.mkdir(parents=True)
    bench = Bench(program, folder, source, url)
    everything = [field for (field,) in bench.ask("SELECT FLD_ID FROM TxField ORDER BY FLD_ID")]
    clean = {field: bench.read(field) for field in everything}
    fields = {field for field, (_, error) in clean.items() if error is None}
    # What is possible is read like anything else.
    for mode in (mode for mode in bench.mfm("modes")["modes"] if mode["group"] == "specified"):
        for variant in mode["variants"]:
            found = chosen(bench, mode, variant, fields)
            if found is None:
                print(f"{mode['tool']} {variant['word']}: no field that is read")
                continue
            words, field = found
            applied = bench.mfm("apply", *words, "--yes")
            note = difference(clean[field], bench.read(field))
            back = bench.mfm("revert", str(applied["op"]))
            assert back["operations"][0]["exact"], back
            assert bench.read(field) == clean[field], f"{field} is read as before"
            print(f"{mode['tool']} {variant['word']}: {field} {note}")
    assert {field: bench.read(field) for field in everything} == clean, "every field is read as before"
    print(f"{len(fields)} of {len(everything)} fields are read; all as before at the end")


assert SAME, "the words of `difference` for no difference"

if __name__ == "__main__":
    main()
