"""Measures the tools of catalogues of oncology tests over the pipes of `mfm mcp`, and beside each the same question in
DuckDB's Python package, on the same files in the same run. Figures are medians in microseconds.

Usage: openonco_speed.py MFM FOLDER [CALLS]
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

QUESTIONS = [
    ("openonco_search_mrd", {"vendor": "Natera", "min_sensitivity": 90},
     "SELECT id, name, vendor, approach, cancerTypes, sensitivity, specificity, fdaStatus FROM mrd "
     "WHERE vendor ILIKE '%Natera%' AND sensitivity >= 90 ORDER BY id LIMIT 10"),
    ("openonco_search_mrd", {},
     "SELECT id, name, vendor, approach, cancerTypes, sensitivity, specificity, fdaStatus FROM mrd ORDER BY id LIMIT 10"),
    ("openonco_search_ecd", {"test_scope": "Multi-cancer"},
     "SELECT id, name, vendor, testScope, cancerTypes, sensitivity, specificity, fdaStatus FROM ecd "
     "WHERE testScope ILIKE '%Multi-cancer%' ORDER BY id LIMIT 10"),
    ("openonco_search_trm", {}, "SELECT id, name, vendor, approach, fdaStatus FROM trm ORDER BY id LIMIT 10"),
    ("openonco_search_tds", {"min_genes": 300},
     "SELECT id, name, vendor, productType, cancerTypes, genesAnalyzed, fdaStatus FROM tds "
     "WHERE genesAnalyzed >= 300 ORDER BY id LIMIT 10"),
    *[(f"openonco_get_{category}", {"id": f"{category}-1"}, f"SELECT * FROM {category} WHERE id = '{category}-1'")
      for category in ("mrd", "ecd", "trm", "tds")],
    *[(f"openonco_compare_{category}", {"ids": f"{category}-1,{category}-2"},
       f"SELECT name, vendor, fdaStatus FROM {category} WHERE id IN ('{category}-1', '{category}-2')")
      for category in ("mrd", "ecd", "trm", "tds")],
    *[(f"openonco_count_{category}", {"group_by": "vendor"},
       f"SELECT vendor, count(*) AS n FROM {category} GROUP BY vendor ORDER BY n DESC")
      for category in ("mrd", "ecd", "trm", "tds")],
    ("openonco_list_vendors", {},
     "SELECT DISTINCT vendor FROM (SELECT vendor FROM mrd UNION ALL SELECT vendor FROM ecd UNION ALL "
     "SELECT vendor FROM trm UNION ALL SELECT vendor FROM tds) ORDER BY vendor"),
    ("openonco_list_cancer_types", {"category": "mrd"},
     "SELECT DISTINCT unnest(cancerTypes) AS kind FROM mrd ORDER BY kind"),
    ("openonco_list_categories", {}, "SELECT (SELECT count(*) FROM mrd), (SELECT count(*) FROM ecd)"),
]


class Server:
    def __init__(self, program, folder, home):
        words = [program, "--journal", f"{home}/journal.db", "--target", f"json:{folder}", "mcp", "--domain", "openonco",
                 "--calls-per-hour", "100000000"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=home,
                                        env={**os.environ, "HOME": home})
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "speed", "version": "1"}}
        self.next = 0
        self.call("initialize", hello)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write((json.dumps(message) + "\n").encode())
        self.process.stdin.flush()

    def call(self, method, params):
        self.next += 1
        self.send({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params})
        return self.process.stdout.readline()


def median_us(work, calls):
    for _ in range(calls // 5):
        work()
    times = []
    for _ in range(calls):
        begun = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - begun)
    return statistics.median(times) / 1000


def main():
    program, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    calls = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    base = duckdb.connect()
    for category in ("mrd", "ecd", "trm", "tds"):
        base.execute(f"CREATE TABLE {category} AS SELECT * FROM read_json_auto('{folder}/{category}.json')")
    worst = 0
    with tempfile.TemporaryDirectory() as home:
        server = Server(program, folder, home)
        print("| tool | arguments | mfm over stdio, us | DuckDB in process, us |\n|---|---|---|---|")
        for tool, given, sql in QUESTIONS:
            params = {"name": tool, "arguments": given}
            said = json.loads(server.call("tools/call", params))["result"]
            assert not said.get("isError"), said
            ours = median_us(lambda: server.call("tools/call", params), calls)
            theirs = median_us(lambda: base.execute(sql).fetchall(), max(calls // 5, 20))
            worst = max(worst, ours)
            print(f"| `{tool}` | {json.dumps(given) if given else ''} | {ours:.0f} | {theirs:.0f} |")
        server.process.stdin.close()
        server.process.wait()
    print(f"slowest tool: {worst:.0f} us")


main()
