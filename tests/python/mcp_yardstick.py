"""A Python MCP server with one tool, list_failure_modes, over the catalogue in a file: a yardstick for latency."""

import json
import sys

from mcp.server.mcpserver import MCPServer

server = MCPServer("yardstick")
with open(sys.argv[1], encoding="utf-8") as file:
    modes = json.load(file)["modes"]
short = [
    {key: mode[key] for key in ["id", "tool", "title", "description", "severity", "checks", "data_needed"]}
    for mode in modes
]


@server.tool()
def list_failure_modes() -> dict:
    """List the failure modes."""
    return {"modes": short}


server.run("stdio")
