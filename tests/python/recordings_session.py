"""Asks the fifteen tools of recordings over `mfm mcp` with the official Python client, on every recording below the
folders that follow mfm's path on the command line, and holds the answers against SQL and physics worked out here:
free flight loses m g^2 dt^2 / 2 a step, a body at rest is carried by m g dt and sinks in by slop + g dt^2 / beta, a total
is the sum of its parts.

The client holds every structured answer to the tool's output schema by itself.
"""

import asyncio
import math
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

from mcp import Client, StdioServerParameters

GRAVITY, SLOP, BETA = 9.81, 0.005, 0.2
ENVIRONMENT = 1 << 31
TOOLS = {
    "list_recordings", "load_recording", "get_metadata", "get_frame", "get_body_state", "get_contacts_for_body",
    "get_body_energy", "get_system_energy", "find_energy_anomalies", "compare_body_across_frames",
    "get_contact_history", "get_solver_diagnostics", "check_friction_cone", "check_penetration",
    "check_resting_contact",
}
IMPULSES = ("UnifiedContactConstraintRecord", "FrictionConstraintRecord")


def demand(held, *said):
    if not held:
        raise Differs(said)


def number(cell):
    """A number as an answer writes it: NaN is null, and an infinity a text."""
    if isinstance(cell, str):
        return {"Infinity": math.inf, "-Infinity": -math.inf}[cell]
    return cell


def same(one, other, share=1e-12, least=1e-12):
    if one is None or other is None:
        return one is None and other is None
    one, other = number(one), number(other)
    return one == other or abs(one - other) <= share * max(abs(one), abs(other)) + least


class Differs(Exception):
    """An answer that does not agree."""


class Recording:
    """What SQL says of a file."""

    def __init__(self, path):
        self.sql = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.tables = {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self.times = dict(self.rows("SELECT id, simulation_time FROM SimulationFrameRecord ORDER BY id"))
        self.frames = list(self.times)
        self.masses = {}
        if "AssetInertialStaticRecord" in self.tables:
            self.masses = dict(self.rows("SELECT body_id, mass FROM AssetInertialStaticRecord"))
        self.points = next((table for table in IMPULSES if table in self.tables and self.has_impulses(table)), None)

    def rows(self, text, *given):
        return self.sql.execute(text, given).fetchall()

    def one(self, text, *given):
        found = self.rows(text, *given)
        return found[0] if found else None

    def count(self, table, frame):
        return self.one(f"SELECT count(*) FROM {table} WHERE frame_id = ?", frame)[0]

    def columns(self, table):
        return {name for (_, name, *_) in self.rows(f"PRAGMA table_info({table})")}

    def has_impulses(self, table):
        return "tangent1_lambda" in self.columns(table)

    def step(self, frame):
        if frame not in self.times:
            return None
        if frame - 1 in self.times:
            return self.times[frame] - self.times[frame - 1]
        return self.times[frame] if frame == 1 else None


async def paged(call, tool, field, **given):
    """All items of a list, page by page."""
    answer = await call(tool, **given)
    items, total = list(answer[field] or []), answer.get("total")
    while answer.get("next_cursor"):
        answer = await call(tool, cursor=answer["next_cursor"], **given)
        demand(answer[field], tool, "a page without an item")
        items += answer[field]
    demand(total is None or len(items) == total, tool, len(items), total)
    return items


async def energies(call, file):
    said = 0
    if "SystemEnergyRecord" in file.tables:
        points = await paged(call, "get_system_energy", "energy_points")
        rows = file.rows("SELECT frame_id, total_system_e, delta_e, total_linear_ke, total_rotational_ke, "
                         "total_potential_e FROM SystemEnergyRecord ORDER BY frame_id")
        demand([point["frame_id"] for point in points] == [row[0] for row in rows], "frames with energies")
        for point, (frame, total, delta, *parts) in zip(points, rows):
            demand(same(point["total_system_e"], total), "total_system_e", frame)
            demand(same(point["delta_e"], delta), "delta_e", frame)
            demand(same(point["simulation_time"], file.times.get(frame)), "simulation_time", frame)
            if None not in (total, *parts) and all(map(math.isfinite, (total, *parts))):
                size = sum(map(abs, parts))
                demand(same(total, sum(parts), 0, 1e-12 * size + 1e-12), "the sum of parts", frame)
            said += 1
        anomalies = await call("find_energy_anomalies", threshold=1.0)
        loud = {frame for frame, _, delta, *_ in rows if delta is not None and abs(delta) > 1.0}
        named = {item["frame_id"] for item in await paged(call, "find_energy_anomalies", "anomalies", threshold=1.0)}
        explained = {item["frame_id"] for item in anomalies["explained"]}
        demand(loud == (named | explained) & loud and named <= loud, "anomalies", loud ^ (named | explained))
    if "EnergyRecord" in file.tables:
        for body in file.masses:
            points = await paged(call, "get_body_energy", "energy_points", body_id=body)
            rows = file.rows("SELECT frame_id, linear_ke, rotational_ke, potential_e, total_e FROM EnergyRecord "
                             "WHERE body_id = ? ORDER BY frame_id, id", body)
            demand(len(points) == len(rows), "energies of a body", body, len(points), len(rows))
            for point, (frame, *parts) in zip(points, rows):
                named = [point[name] for name in ("linear_ke", "rotational_ke", "potential_e", "total_e")]
                demand(point["frame_id"] == frame and all(map(same, named, parts)), "energy", body, frame)
    return said


async def free_flight(call, file):
    """Every step in which nothing touches takes m g^2 dt^2 / 2 of each body that falls, turning aside."""
    if not {"SystemEnergyRecord", "CollisionResultRecord", "EnergyRecord"} <= file.tables:
        return 0
    touched = {frame for (frame,) in file.rows("SELECT DISTINCT frame_id FROM CollisionResultRecord")}
    points = {point["frame_id"]: point for point in await paged(call, "get_system_energy", "energy_points")}
    seen = 0
    for frame, point in points.items():
        step, before = file.step(frame), points.get(frame - 1)
        if frame in touched or not before or frame - 1 in touched or not step or point["delta_e"] is None:
            continue
        bodies = file.rows("SELECT body_id, potential_e FROM EnergyRecord WHERE frame_id IN (?, ?)", frame, frame - 1)
        if len({body for body, _ in bodies}) * 2 != len(bodies) or not any(height for _, height in bodies):
            continue
        mass = sum(file.masses.get(body, math.nan) for body in {body for body, _ in bodies})
        total = number(point["total_system_e"])
        lost = -mass * GRAVITY**2 * step**2 / 2
        if not math.isfinite(total) or abs(total) > 1e9:
            continue
        turning = number(point["total_rotational_ke"]) - number(before["total_rotational_ke"])
        delta = number(point["delta_e"]) - turning
        demand(same(delta, lost, 1e-9, 1e-12 * abs(total) + 1e-12), "free flight", frame, delta, lost)
        seen += 1
    return seen


async def contacts(call, file):
    """Counts of contact points, pairs and rows of the solver, by SQL; returns how many frames were looked at."""
    chosen = sorted({*file.frames[:2], *file.frames[:: max(1, len(file.frames) // 12)], *file.frames[-2:]})
    for frame in chosen:
        answer = await call("get_frame", frame_id=frame)
        demand(same(answer["simulation_time"], file.times[frame]), "time of a frame", frame)
        for field, table in (("collisions", "CollisionResultRecord"), ("states", "AssetDynamicStateRecord"),
                             ("friction_constraints", file.points)):
            if table in file.tables:
                count = file.count(table, frame)
                if field == "friction_constraints" and count == 0 and "ContactConstraintRecord" in file.tables:
                    # Where no pair of a frame has friction, the older recorders write contacts alone.
                    count = file.count("ContactConstraintRecord", frame)
                demand(len(answer[field]) == count, field, frame, len(answer[field]), count)
        if "SolverDiagnosticRecord" in file.tables:
            found = file.one("SELECT iterations, num_contacts FROM SolverDiagnosticRecord WHERE frame_id = ?", frame)
            solver = answer["solver"] or {}
            demand((solver.get("iterations"), solver.get("num_contacts")) == (found or (None, None)), "solver", frame)
        if "CollisionResultRecord" in file.tables:
            deep = await call("check_penetration", frame_id=frame, threshold=0.01)
            (count,) = file.one("SELECT count(*) FROM CollisionResultRecord WHERE frame_id = ? "
                                "AND penetrationDepth > 0.01", frame)
            demand(len(deep["excessive_penetrations"]) == count, "check_penetration", frame)
        if file.points:
            await cone(call, file, frame)
        await call("check_resting_contact", frame_id=frame)
    if "SolverDiagnosticRecord" in file.tables:
        rows = await paged(call, "get_solver_diagnostics", "diagnostics")
        (count,) = file.one("SELECT count(*) FROM SolverDiagnosticRecord")
        demand(len(rows) == count, "get_solver_diagnostics", len(rows), count)
    return len(chosen)


async def cone(call, file, frame):
    answer = await call("check_friction_cone", frame_id=frame)
    rows = file.rows(f"SELECT friction_coefficient, normal_lambda, tangent1_lambda, tangent2_lambda "
                     f"FROM {file.points} WHERE frame_id = ?", frame)
    if not rows:
        demand(answer["checked"] == 0 and answer["violations"] == [], "cone without friction", frame, answer)
        return
    outside = [row for row in rows if None not in row
               and math.hypot(row[2], row[3]) > 1.01 * row[0] * row[1] and math.hypot(row[2], row[3]) > 1e-9]
    demand(answer["checked"] + answer["unjudged"] == len(rows), "cone: checked", frame, len(rows), answer)
    demand(len(answer["violations"]) + answer["unjudged"] >= len(outside), "cone", frame, outside, answer)


async def rest(call, file):
    """A body at rest alone on the ground is carried by m g dt, and lies slop + g dt^2 / beta deep."""
    if not file.points or "CollisionResultRecord" not in file.tables:
        return 0
    seen = 0
    for frame in file.frames[:: max(1, len(file.frames) // 20)]:
        step = file.step(frame)
        pairs = file.rows("SELECT body_a_id, body_b_id, penetrationDepth FROM CollisionResultRecord "
                          "WHERE frame_id = ?", frame)
        if len(pairs) != 1 or not step or not pairs[0][1] & ENVIRONMENT or frame - 1 not in file.times:
            continue
        body, ground, depth = pairs[0]
        answers = [await call("get_body_state", body_id=body, frame_id=at) for at in (frame - 1, frame)]
        still = all(
            same(number(answer["velocity"][axis]) + fall, 0, 0, 1e-4)
            for answer in answers
            for axis, fall in (("x", 0), ("y", 0), ("z", GRAVITY * step))
        )
        moved = await call("compare_body_across_frames", body_id=body, frame_a=frame - 1, frame_b=frame)
        delta = number(answers[1]["position"]["z"]) - number(answers[0]["position"]["z"])
        demand(same(moved["position_delta"]["z"], delta), "compare_body_across_frames", frame)
        if not still:
            continue
        found = await call("get_contacts_for_body", body_id=body, frame_id=frame)
        impulses = [number(contact["normal_lambda"]) for contact in found["contacts"]]
        # In a frame without any friction the recorder writes contacts, and none of their impulses.
        if not impulses or None in impulses:
            continue
        pressed = sum(impulses)
        weight = file.masses[body] * GRAVITY * step
        demand(same(pressed, weight, 1e-3), "carried at rest", frame, pressed, weight)
        if abs(delta) < 1e-7:
            settled = SLOP + GRAVITY * step**2 / BETA
            demand(same(depth, settled, 1e-3), "depth at rest", frame, depth, settled)
            quiet = await call("check_resting_contact", frame_id=frame)
            demand(quiet["moving_bodies"] == [], "check_resting_contact", frame, quiet)
        history = await call("get_contact_history", body_a_id=ground, body_b_id=body, start_frame=frame,
                             end_frame=frame)
        demand(history["contact_history"][0]["num_contacts"] == len(found["contacts"]), "history", frame)
        seen += 1
    return seen


async def history(call, file):
    """The frames in which each pair has contact points."""
    if not file.points:
        return
    for a, b in file.rows(f"SELECT DISTINCT body_a_id, body_b_id FROM {file.points} LIMIT 3"):
        given = {"body_a_id": b, "body_b_id": a, "start_frame": file.frames[0], "end_frame": file.frames[-1]}
        items = await paged(call, "get_contact_history", "contact_history", **given)
        rows = file.rows(f"SELECT frame_id, count(*) FROM {file.points} WHERE ? IN (body_a_id, body_b_id) "
                         "AND ? IN (body_a_id, body_b_id) GROUP BY frame_id ORDER BY frame_id", a, b)
        demand([(item["frame_id"], item["num_contacts"]) for item in items] == rows, "get_contact_history", a, b)


async def ask(client, path, used):
    async def call(tool, **given):
        used.add(tool)
        result = await client.call_tool(tool, given)
        if result.is_error:
            raise Differs(tool, given, result.structured_content or result.content)
        return result.structured_content

    loaded = await client.call_tool("load_recording", {"path": str(path)})
    used.add("load_recording")
    if loaded.is_error:
        return f"refused: {loaded.structured_content['code']}"
    file = Recording(path)
    loaded = loaded.structured_content
    demand(loaded["total_frames"] == len(file.frames), path, "frames", loaded)
    metadata = await call("get_metadata")
    demand(metadata["total_frames"] == len(file.frames), path, "frames", metadata)
    demand({body["body_id"] for body in metadata["bodies"]} >= set(file.masses), path, "bodies", metadata)
    if not file.frames:
        return "no frames"
    told = [await energies(call, file), await free_flight(call, file), await contacts(call, file),
            await rest(call, file)]
    await history(call, file)
    names = ("frames with energies", "steps of free flight", "frames in detail", "frames at rest")
    return f"{metadata['generation']}: " + ", ".join(f"{count} {name}" for count, name in zip(told, names))


def files(folder):
    return sorted(path for path in folder.rglob("*.db") if "journal" not in path.name)


async def one(program, folder, path, used):
    """Asks a server of its own, whose calls nobody has counted yet."""
    options = ["--journal", "journal.db", "mcp", "--domain", "recordings", "--read-only", "--recordings", str(folder)]
    with tempfile.TemporaryDirectory() as own:
        server = StdioServerParameters(command=program, args=options, env=dict(os.environ), cwd=own)
        async with Client(server) as client:
            listed = await client.call_tool("list_recordings", {})
            used.add("list_recordings")
            if listed.is_error:
                return f"DIFFERS: {listed.structured_content}"
            try:
                return await ask(client, path, used)
            except Differs as failure:
                return f"DIFFERS: {failure}"


async def main():
    program, *folders = sys.argv[1:]
    used, differ = set(), 0
    for folder in map(Path, folders):
        for path in files(folder.resolve()):
            said = await one(program, folder.resolve(), path, used)
            differ += said.startswith("DIFFERS")
            print(f"{path.relative_to(folder.resolve())}: {said}", flush=True)
    if differ or not used >= TOOLS:
        print(f"{differ} files differ; never asked: {TOOLS - used}", file=sys.stderr)
        sys.exit(1)


asyncio.run(main())
