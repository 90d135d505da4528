"""Asks every tool of catalogues of oncology tests over `mfm mcp` with the MCP inspector's `mcpdo`, on a folder of JSON
files with mrd, ecd, trm and tds, and reads every resource, prompt and completion. The inspector holds every answer, and
every refusal, to the tool's output schema; with `--strict` it also says which schemas some model's provider does not
understand.

Usage: openonco_inspector.py MFM FOLDER (with `mcpdo` and `mcp-inspector` on the PATH)
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CATEGORIES = ("mrd", "ecd", "trm", "tds")
REFUSED = {
    "openonco_get_mrd": ({"id": "mrd-99999"}, "NOT_FOUND"),
    "openonco_compare_ecd": ({}, "MISSING_PARAMETER"),
    "openonco_search_tds": ({"limit": -1}, "INVALID_PARAMETER"),
    "openonco_count_trm": ({"group_by": "price"}, "INVALID_PARAMETER"),
}


def run(*words, fails=False):
    done = subprocess.run(["mcpdo", *words], capture_output=True, text=True, timeout=120, check=False)
    if (done.returncode != 0) != fails:
        raise SystemExit(f"mcpdo {words}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout if not fails else done.stdout + done.stderr


class Connection:
    """One connection of the inspector."""

    def __init__(self, era, program):
        self.era = era
        run("--connection", era, "connect", "--era", era, "--elicit", "off", "--", *program)

    def ask(self, *words):
        return json.loads(run("--format", "json", "--connection", self.era, *words))

    def call(self, tool, **arguments):
        answer = self.ask("tools/call", tool, json.dumps(arguments))
        answer = answer.get("result", answer)
        assert not answer.get("isError"), answer
        return answer["structuredContent"]

    def refuse(self, tool, arguments, code):
        words = ["--format", "json", "--connection", self.era, "tools/call", tool, json.dumps(arguments)]
        said = run(*words, fails=True)
        assert code in said and "suggestion" in said, said

    def complete(self, kind, reference, name, value):
        words = ["--complete-ref-type", kind, "--complete-ref", reference, "--complete-arg-name", name]
        return self.ask("prompts/complete", *words, "--complete-arg-value", value)["values"]


def ask_everything(connection):
    used = set()
    for category in CATEGORIES:
        found = connection.call(f"openonco_search_{category}", limit=3)
        ids = [item["id"] for item in found["items"]]
        assert found["total"] >= found["returned"] == len(ids) > 1, found
        assert connection.call(f"openonco_get_{category}", id=ids[0])["id"] == ids[0]
        compared = connection.call(f"openonco_compare_{category}", ids=ids[::-1])
        assert [item["id"] for item in compared["items"]] == ids[::-1], compared
        counted = connection.call(f"openonco_count_{category}", group_by="vendor")
        assert sum(counted["by_vendor"].values()) == counted["total"], counted
        used |= {f"openonco_{verb}_{category}" for verb in ("search", "get", "compare", "count")}
    for listed in ("vendors", "cancer_types", "categories"):
        assert connection.call(f"openonco_list_{listed}")["total"] > 3, listed
        used.add(f"openonco_list_{listed}")
    assert len(used) == 19
    for tool, (arguments, code) in REFUSED.items():
        connection.refuse(tool, arguments, code)
    offered = {tool["name"] for tool in connection.ask("tools/list")["tools"]}
    assert used <= offered, used - offered


def read_everything(connection):
    listed = {resource["uri"] for resource in connection.ask("resources/list")["resources"]}
    assert {"openonco://vendors", "openonco://categories"} <= listed, listed
    for uri in ("openonco://vendors", "openonco://categories", "openonco://schema/ecd"):
        text = connection.ask("resources/read", uri)["contents"][0]["text"]
        assert json.loads(text)["items"], uri
    first = connection.call("openonco_search_mrd", limit=1)["items"][0]
    record = connection.ask("resources/read", f"openonco://mrd/{first['id']}")["contents"][0]["text"]
    assert json.loads(record)["name"] == first["name"]
    prompts = [prompt["name"] for prompt in connection.ask("prompts/list")["prompts"]]
    for name in ("compare_two_tests", "find_test_for_situation"):
        assert name in prompts, prompts
        got = connection.ask("prompts/get", name)
        assert "no medical advice" in got["messages"][0]["content"]["text"], got
    vendor = first["vendor"]
    assert vendor in connection.complete("ref/prompt", "find_test_for_situation", "vendor", vendor[:4].lower())
    assert first["name"] in connection.complete("ref/prompt", "compare_two_tests", "first_test", first["name"][:5])
    completed = connection.complete("ref/resource", "openonco://{category}/{id}", "id", first["id"])
    assert first["id"] in completed, completed


def main():
    program, folder = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        command = [program, "--journal", f"{home}/journal.db", "--target", f"json:{folder}", "mcp", "--domain",
                   "openonco", "--calls-per-hour", "100000"]
        inspector = ["mcp-inspector", "--cli", "--method", "tools/list", "--strict", "--", *command]
        listed = subprocess.run(inspector, capture_output=True, text=True, timeout=120, check=True)
        assert "Warning" not in listed.stderr and "Error" not in listed.stderr, listed.stderr
        for line in run("private").splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            os.environ[name] = value.strip("'")
        try:
            for era in ("legacy", "modern"):
                connection = Connection(era, command)
                ask_everything(connection)
                read_everything(connection)
                run("disconnect", era)
                print(f"{era}: the nineteen tools, the resources, the prompts and the completions answer")
        finally:
            run("daemon", "stop")


main()
