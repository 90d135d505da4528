"""Drives `mfm mcp` with the official Python client: every tool, resource, prompt and completion, in both eras, with a
person who says yes and with none. The lab `lab` and its marked copy `copy` have to be there, in the journal that the
second argument names.

The client holds every structured answer to the tool's output schema by itself.
"""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters
from mcp_calls import COMPLETIONS, FAULTS, MORE, READS, REFUSED, SERVER
from mcp_types import ElicitResult, Implementation, PromptReference, ResourceTemplateReference

asked = []


async def person(_context, params):
    asked.append(params.message)
    return ElicitResult(action="accept", content={"confirm": True})


async def called(client, tool, arguments):
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        raise SystemExit(f"{tool} {arguments}: {result.content}")
    return result.structured_content


async def written(client, tool, arguments):
    first = await called(client, tool, arguments)
    if first["state"] != "planned":
        return first
    return await called(client, "apply_plan", {"handle": first["handle"]})


async def session(program, mode, asks):
    server = StdioServerParameters(
        command=program,
        args=["--journal", sys.argv[2], *SERVER],
        env=dict(os.environ),
    )
    me = Implementation(name="python-client", version="2")
    callback = person if asks else None
    async with Client(server, mode=mode, client_info=me, elicitation_callback=callback) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        used = set()
        for tool, variant in FAULTS.items():
            place = {"hostname": "localhost", "database": "lab.db"}
            done = await written(client, tool, {**place, **MORE.get(tool, {}), "variant": variant, "sample": 1, "seed": 1})
            assert done["state"] == "applied", done
            back = await written(client, "revert", {"operations": [done["op"]]})
            assert back["operations"][0]["exact"] is True, back
            used.add(tool)
        for tool, arguments in READS.items():
            answer = await called(client, tool, arguments)
            assert answer.get("ok", True) is True, answer
            used.add(tool)
        for tool, arguments in REFUSED.items():
            refused = await client.call_tool(tool, arguments)
            assert refused.is_error and refused.structured_content["hint"], (tool, refused)
        drill = await written(client, "drill", {"modes": ["invalid_angles:gantry"], "sample": 1, "target": "lab"})
        assert drill["exact"] is True and drill["tried"] == 1, drill
        shown = await called(client, "drill_result", {"drill": drill["drill"]})
        assert shown["exact"] is True, shown
        recovered = await written(client, "recover", {})
        assert recovered["state"] == "recovered", recovered
        replayed = await written(client, "replay", {"target": "lab", "onto": "copy"})
        assert replayed["state"] == "replayed" and replayed["ok"] is True, replayed
        used |= {"drill", "drill_result", "recover", "replay", "revert", "apply_plan"}
        assert tools == used, f"not driven: {tools ^ used}"
        await everything_else(client)
        print(f"{mode}, {'asked' if asks else 'with handles'}: {len(tools)} tools, all as their schemas say")


async def everything_else(client):
    for resource in (await client.list_resources()).resources:
        read = await client.read_resource(resource.uri)
        assert read.contents[0].text, resource.uri
    assert len((await client.list_resource_templates()).resource_templates) == 3
    for uri in ["mfm://operations/1", "mfm://findings/lab", "failure-mode://mosaiq/orphaned_records"]:
        assert (await client.read_resource(uri)).contents[0].text
    for prompt in (await client.list_prompts()).prompts:
        got = await client.get_prompt(prompt.name, {"target": "lab"})
        assert "the target lab" in got.messages[0].content.text
    for kind, name, argument, begun, wanted in COMPLETIONS:
        resource = kind == "ref/resource"
        reference = ResourceTemplateReference(type=kind, uri=name) if resource else PromptReference(type=kind, name=name)
        done = await client.complete(reference, {"name": argument, "value": begun})
        assert wanted in done.completion.values, (name, done)


async def main():
    for mode in ["legacy", "2026-07-28"]:
        for asks in [True, False]:
            await session(sys.argv[1], mode, asks)
    assert len(asked) == 2 * (2 * len(FAULTS) + 3), len(asked)


asyncio.run(main())
