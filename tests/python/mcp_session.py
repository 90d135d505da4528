"""Drives `mfm mcp` with the official Python client: every tool, resource, prompt and completion, in both eras, with a
person who says yes and with none. The lab `lab` has to be there, and MFM_JOURNAL to name its journal.

The client holds every structured answer to the tool's output schema by itself.
"""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters
from mcp_types import ElicitResult, Implementation, PromptReference, ResourceTemplateReference

FAULTS = {
    "corrupt_mlc_data": "odd_bytes",
    "create_invalid_angles": "gantry",
    "create_duplicate_treatment": "same_field",
    "delete_control_points": "single_gap",
    "nullify_required_fields": "fld_id",
    "create_timestamp_inconsistency": "edit_before_create",
    "create_orphaned_record": "field_id",
    "corrupt_offset_data": "invalid_state",
    "create_meterset_inconsistency": "negative_meterset",
    "mlc_leaf_count_mismatch": "intra_field",
}
READS = {
    "list_failure_modes": {},
    "status": {},
    "log": {"limit": 5},
    "show": {"op": 1, "diff": True},
    "explain": {"op": 1},
    "find": {"kind": "delivery", "limit": 2},
    "check": {"only": ["angles"]},
    "audit_verify": {"depth": "live", "full": True},
    "plan": {"tool": "corrupt_offset_data", "variant": "invalid_type", "sample": 1, "target": "lab"},
    "recover": {},
}
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
        args=["mcp", "--cooldown-ms", "0", "--writes-per-hour", "1000"],
        env=dict(os.environ),
    )
    me = Implementation(name="python-client", version="2")
    callback = person if asks else None
    async with Client(server, mode=mode, client_info=me, elicitation_callback=callback) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        used = set()
        for tool, variant in FAULTS.items():
            place = {"hostname": "localhost", "database": "lab.db"}
            done = await written(client, tool, {**place, "variant": variant, "sample": 1, "seed": 1})
            assert done["state"] == "applied", done
            back = await written(client, "revert", {"operations": [done["op"]]})
            assert back["operations"][0]["exact"] is True, back
            used.add(tool)
        for tool, arguments in READS.items():
            answer = await called(client, tool, arguments)
            assert answer.get("ok", True) is True, answer
            used.add(tool)
        drill = await written(client, "drill", {"modes": ["invalid_angles:gantry"], "sample": 1, "target": "lab"})
        assert drill["exact"] is True and drill["tried"] == 1, drill
        shown = await called(client, "drill_result", {"drill": drill["drill"]})
        assert shown["exact"] is True, shown
        used |= {"drill", "drill_result"}
        left = tools - used - {"apply_plan", "revert", "replay"}
        assert not left, f"not driven: {left}"
        for resource in (await client.list_resources()).resources:
            read = await client.read_resource(resource.uri)
            assert read.contents[0].text, resource.uri
        assert len((await client.list_resource_templates()).resource_templates) == 3
        for prompt in (await client.list_prompts()).prompts:
            got = await client.get_prompt(prompt.name, {"target": "lab"})
            assert "the target lab" in got.messages[0].content.text
        reference = ResourceTemplateReference(type="ref/resource", uri="failure-mode://mosaiq/{mode}")
        done = await client.complete(reference, {"name": "mode", "value": "orph"})
        assert done.completion.values == ["orphaned_records"], done
        done = await client.complete(PromptReference(type="ref/prompt", name="read_drill"), {"name": "target", "value": ""})
        assert done.completion.values == ["lab"], done
        print(f"{mode}, {'asked' if asks else 'with handles'}: {len(tools)} tools, all as their schemas say")


async def main():
    for mode in ["legacy", "2026-07-28"]:
        for asks in [True, False]:
            await session(sys.argv[1], mode, asks)
    assert len(asked) == 2 * (2 * len(FAULTS) + 2), len(asked)


asyncio.run(main())
