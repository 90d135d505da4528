"""Drives `mfm mcp` with the MCP inspector's `mcpdo`: every tool, resource, prompt and completion, in both eras, with a
person who says yes and with none. The lab `lab` and its marked copy `copy` have to be there, in the journal that the
second argument names, and `mcpdo` on the PATH. The inspector holds every answer, and every refusal, to the tool's output
schema; with `--strict` it also says which schemas some model's provider does not understand.
"""

import json
import os
import subprocess
import sys

from mcp_calls import COMPLETIONS, FAULTS, MORE, READS, REFUSED, SERVER

PROGRAM = [sys.argv[1], "--journal", sys.argv[2], *SERVER]


def run(*words, fails=False):
    done = subprocess.run(["mcpdo", *words], capture_output=True, text=True, timeout=120, check=False)
    if (done.returncode != 0) != fails:
        raise SystemExit(f"mcpdo {words}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout if not fails else done.stdout + done.stderr


class Connection:
    """One connection of the inspector."""

    def __init__(self, era, asks):
        self.name, self.era, self.asks = f"{era}-{'asks' if asks else 'alone'}", era, asks
        elicit = "form" if asks else "off"
        run("--connection", self.name, "connect", "--era", era, "--elicit", elicit, "--", *PROGRAM)
        self.questions = 0

    def say(self, *words, fails=False):
        return run("--format", "json", "--connection", self.name, *words, fails=fails)

    def ask(self, *words):
        return json.loads(self.say(*words))

    def call(self, tool, arguments, fails=False):
        said = self.say("tools/call", tool, json.dumps(arguments), fails=fails)
        if fails:
            return said
        answer = json.loads(said)
        if "elicitationPending" in answer:
            self.questions += 1
            pending = answer["elicitationPending"]
            answer = self.ask("elicitation/respond", pending["elicitationId"], "confirm:=true")
        answer = answer.get("result", answer)
        assert not answer.get("isError"), answer
        return answer["structuredContent"]

    def write(self, tool, arguments):
        first = self.call(tool, arguments)
        if first["state"] != "planned":
            return first
        return self.call("apply_plan", {"handle": first["handle"]})

    def complete(self, kind, reference, name, value):
        words = ["--complete-ref-type", kind, "--complete-ref", reference, "--complete-arg-name", name]
        return self.ask("prompts/complete", *words, "--complete-arg-value", value)


def everything(connection):
    tools = {tool["name"] for tool in connection.ask("tools/list")["tools"]}
    used = {"apply_plan", "revert"}
    for tool, variant in FAULTS.items():
        place = {"hostname": "localhost", "database": "lab.db"}
        done = connection.write(tool, {**place, **MORE.get(tool, {}), "variant": variant, "sample": 1, "seed": 1})
        assert done["state"] == "applied", done
        back = connection.write("revert", {"operations": [done["op"]]})
        assert back["operations"][0]["exact"] is True, back
        used.add(tool)
    for tool, arguments in READS.items():
        connection.call(tool, arguments)
        used.add(tool)
    for tool, arguments in REFUSED.items():
        said = connection.call(tool, arguments, fails=True)
        assert '"hint"' in said, f"{tool}: {said}"
    drill = connection.write("drill", {"modes": ["invalid_angles:gantry"], "sample": 1, "target": "lab"})
    assert connection.call("drill_result", {"drill": drill["drill"]})["exact"] is True
    assert connection.write("recover", {})["state"] == "recovered"
    replayed = connection.write("replay", {"target": "lab", "onto": "copy"})
    assert replayed["state"] == "replayed", replayed
    used |= {"drill", "drill_result", "recover", "replay"}
    assert tools == used, tools ^ used
    for resource in connection.ask("resources/list")["resources"]:
        assert connection.ask("resources/read", resource["uri"])["contents"][0]["text"], resource
    assert len(connection.ask("resources/templates/list")["resourceTemplates"]) == 3
    for prompt in connection.ask("prompts/list")["prompts"]:
        got = connection.ask("prompts/get", prompt["name"], "--prompt-args", "target=lab")
        assert "the target lab" in got["messages"][0]["content"]["text"], got
    for kind, name, argument, begun, wanted in COMPLETIONS:
        done = connection.complete(kind, name, argument, begun)
        assert wanted in done["values"], (name, done)
    print(f"{connection.name}: {len(tools)} tools, {connection.questions} questions")


def main():
    inspector = ["mcp-inspector", "--cli", "--method", "tools/list", "--strict", "--", *PROGRAM]
    listed = subprocess.run(inspector, capture_output=True, text=True, timeout=120, check=True)
    assert "Warning" not in listed.stderr and "Error" not in listed.stderr, listed.stderr
    for line in run("private").splitlines():
        name, value = line.removeprefix("export ").split("=", 1)
        os.environ[name] = value.strip("'")
    try:
        for era in ["legacy", "modern"]:
            for asks in [True, False]:
                connection = Connection(era, asks)
                shown = connection.ask("connections/show")
                assert shown["protocolEra"] == era, shown
                everything(connection)
                assert (connection.questions > 0) == asks
                run("disconnect", connection.name)
    finally:
        run("daemon", "stop")


main()
