"""Asks every tool of catalogues of oncology tests over `mfm mcp` with the official Python client, on a folder of JSON
files as it was published at v1.0.0, in both manners, and holds the answers against what was worked out by hand from the
files; where DuckDB is there, also against its answers.

The client holds every structured answer to the tool's output schema by itself.

Usage: openonco_session.py MFM FOLDER
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from mcp import Client, StdioServerParameters

TOOLS = {f"openonco_{verb}_{category}" for verb in ("search", "get", "compare", "count")
         for category in ("mrd", "ecd", "trm", "tds")}
TOOLS |= {"openonco_list_vendors", "openonco_list_cancer_types", "openonco_list_categories"}


class Differs(Exception):
    """An answer that does not agree."""


def demand(held, *said):
    if not held:
        raise Differs(said)


def ids_of(answer):
    return [item["id"] for item in answer["items"]]


def with_prefix(category, *numbers):
    return [f"{category}-{number}" for number in numbers]


class Catalogue:
    """A server on the folder, in one manner."""

    def __init__(self, client, strict):
        self.client, self.strict = client, strict

    async def ask(self, tool, **given):
        result = await self.client.call_tool(tool, given)
        demand(not result.is_error, tool, given, result.structured_content)
        text = json.loads(result.content[0].text)
        demand(text == result.structured_content, tool, "the text differs from the structured answer")
        return result.structured_content

    async def fails(self, code, tool, **given):
        result = await self.client.call_tool(tool, given)
        said = result.structured_content
        demand(result.is_error and said["code"] == code and said["error"] is True, tool, given, said)
        demand(said["message"] and said["suggestion"], tool, said)

    async def search(self, category, **given):
        """All ids of a search, page after page."""
        answer = await self.ask(f"openonco_search_{category}", limit=500, **given)
        demand(answer["total"] == answer["returned"] == len(answer["items"]), category, given)
        return ids_of(answer)


async def check_searches(catalogue):
    strict, search = catalogue.strict, catalogue.search
    natera = with_prefix("mrd", 10, 15, 20, 7)
    asked = {"vendor": "Natera", "approach": "Tumor-informed", "min_sensitivity": 90}
    answer = await catalogue.ask("openonco_search_mrd", limit=10, **asked)
    demand(ids_of(answer) == natera, 1, ids_of(answer))
    demand([item["sensitivity"] for item in answer["items"]] == [100, 90.62, 94, 94], 1)
    demand(sorted(await search("mrd", vendor="natera")) == sorted([*natera, "mrd-21"]), 1)
    setting = {"cancer_type": "Colorectal", "clinical_setting": "Post-Surgery"}
    exact = with_prefix("mrd", 16, 2, 24, 25, 6, 7, 8)
    parts = with_prefix("mrd", 13, 16, 2, 20, 21, 22, 24, 25, 6, 7, 8)
    demand(await search("mrd", **setting) == (exact if strict else parts), 2)
    naive = [*with_prefix("mrd", 13, 14, 18, 21, 6, 8), "mrd-kit-3"]
    demand(await search("mrd", approach="Tumor-naive") == ([] if strict else naive), 3)
    demand(await search("mrd", approach="Tumor-naïve") == naive, 3)
    demand(len(await search("mrd", min_sensitivity=90)) == 20, 3)
    demand(len(await search("mrd", requires_tumor_tissue=True)) == 17, 3)
    demand(len(await search("mrd", requires_tumor_tissue=False)) == 7, 3)
    multi = await catalogue.ask("openonco_search_ecd", test_scope="Multi-cancer", fields="id,listPrice", limit=50)
    prices = {item["id"]: item["listPrice"] for item in multi["items"]}
    demand(prices == {"ecd-10": 895, "ecd-11": 699, "ecd-2": 949, "ecd-21": 900, "ecd-22": 689}, 4, prices)
    demand(len(await search("ecd", max_price=1000)) == 23, 4)
    demand(await search("ecd", min_specificity=99) == ["ecd-11", "ecd-2"], 4)
    narrow = {"test_scope": "Single-cancer", "min_sensitivity": 80, "min_specificity": 90, "max_price": 700}
    demand(await search("ecd", **narrow) == with_prefix("ecd", 14, 16, 17, 18, 19, 25, 8), 5)
    active = with_prefix("trm", 11, 12, 13, 14, 2, 3, 4, 5, 6, 7, 8)
    demand(await search("trm") == active, 6)
    demand(len(await search("trm", include_discontinued=True)) == 12, 6)
    demand(await search("trm", approach="Tumor-informed") == with_prefix("trm", 2, 3, 5, 6), 6)
    demand(await search("trm", approach="Tumor-agnostic") == [], 6)
    demand(await search("trm", approach="Tumor-agnostic", include_discontinued=True) == ["trm-1"], 6)
    cdx = await catalogue.ask("openonco_search_tds", has_fda_cdx=True, min_genes=300, limit=50)
    found = {item["id"]: (item["genesAnalyzed"], item["fdaCompanionDxCount"]) for item in cdx["items"]}
    expected = {"tds-1": (324, 57), "tds-2": (324, 10), "tds-5": (648, 2), "tds-kit-1": (517, 2), "tds-kit-15": (520, 1)}
    demand(found == expected, 7, found)
    demand(len(await search("tds", has_fda_cdx=True)) == 8, 7)
    demand(len(await search("tds", has_fda_cdx=False)) == 31, 7)
    demand(len(await search("tds", min_genes=300)) == 20, 7)
    approved = await search("ecd", fda_status="FDA-approved")
    demand(len(approved) == (6 if strict else 4), "approved", approved)
    demand(strict or not {"ecd-2", "ecd-21"} & set(approved), "approved", approved)


async def check_records(catalogue):
    strict, ask = catalogue.strict, catalogue.ask
    for given in ({"id": "mrd-7"}, {"name": "signatera"}):
        record = await ask("openonco_get_mrd", **given)
        demand((record["name"], record["vendor"]) == ("Signatera", "Natera"), 8, record)
    demand((await ask("openonco_get_ecd", name="shield"))["id"] == "ecd-1", 8)
    await catalogue.fails("NOT_FOUND", "openonco_get_tds", name="Tempus xT")
    twice = await ask("openonco_get_tds", name="PGDx elio plasma focus Dx")
    if strict:
        demand(twice["id"] == "tds-kit-10", 8, twice)
    else:
        demand(sorted(ids_of(twice)) == ["tds-kit-10", "tds-kit-13"], 8, twice)
    compared = await ask("openonco_compare_mrd", ids="mrd-7,mrd-6,mrd-23")
    order = ["Reveal MRD", "Signatera", "LymphoVista"] if strict else ["Signatera", "Reveal MRD", "LymphoVista"]
    demand([item["name"] for item in compared["items"]] == order, 9)
    by_name = {item["name"]: item for item in compared["items"]}
    metrics = ("sensitivity", "specificity", "lod", "initialTat", "followUpTat")
    for name, values in {
        "Signatera": (94, 98, "~0.01% VAF", 28, 9),
        "Reveal MRD": (81, 98, "0.01% VAF", 7, 7),
        "LymphoVista": (100, 93, "6.69 × 10⁻⁶", "10 days", "10 days"),
    }.items():
        demand(tuple(by_name[name][metric] for metric in metrics) == values, 9, by_name[name])
    compared = await ask("openonco_compare_tds", ids=["tds-1", "tds-4", "tds-24"])
    metrics = ("genesAnalyzed", "fdaCompanionDxCount", "tat", "listPrice")
    rows = [tuple(item[metric] for metric in metrics) for item in compared["items"]]
    demand(rows == [(324, 57, "8 days", 3500), (74, 6, "5-7 days", None), (168, None, 9, "Varies by region")], 9, rows)
    demand((await ask("openonco_get_trm", id="trm-1"))["isDiscontinued"] is True, "get_trm")
    demand((await ask("openonco_compare_ecd", ids="ecd-1,ecd-2"))["total"] == 2, "compare_ecd")
    demand((await ask("openonco_compare_trm", names="RaDaR,nothing"))["total"] >= 0 if strict else True, "compare_trm")


async def check_counts(catalogue):
    ask = catalogue.ask
    counted = await ask("openonco_count_mrd", group_by="vendor")
    vendors = counted["by_vendor"]
    demand(counted["total"] == 27 and len(vendors) == 21, 10, counted)
    demand(vendors["Natera"] == 4 and sorted(vendors.values()) == [1] * 17 + [2] * 3 + [4], 10, vendors)
    counted = await ask("openonco_count_mrd", group_by="approach", filter_vendor="Natera")
    expected = {"Tumor-informed": 3, "Tumor-informed (WGS)": 1, "Tumor-naïve (methylation)": 1}
    demand(counted["total"] == 5 and counted["by_approach"] == expected, 10, counted)
    counted = await ask("openonco_count_ecd", group_by="testScope")
    demand(sorted(counted["by_testScope"].values()) == [1] * 6 + [2, 2, 5, 9], 10, counted)
    counted = await ask("openonco_count_tds", group_by="productType")
    demand(sorted(counted["by_productType"].values()) == [1, 14, 24], 10, counted)
    counted = await ask("openonco_count_trm", group_by="isDiscontinued")
    demand(counted["by_isDiscontinued"] == {"null": 11, "true": 1}, 10, counted)
    counted = await ask("openonco_count_mrd", group_by="requiresTumorTissue")
    demand(counted["by_requiresTumorTissue"] == {"Yes": 17, "No": 7, "null": 3}, 10, counted)
    for category, count in {"mrd": 21, "ecd": 16, "trm": 11, "tds": 25, None: 52}.items():
        given = {"category": category} if category else {}
        listed = await ask("openonco_list_vendors", **given)
        demand(listed["total"] == count == len(listed["items"]), 11, category, listed)
        if not category:
            ends = listed["items"][0], listed["items"][-1]
            demand(ends == ("Adaptive Biotechnologies", "Wuhan Ammunition Life Technology"), 11, ends)
    for category, count in {"mrd": 62, "ecd": 28, "trm": 12, "tds": 37, None: 118}.items():
        given = {"category": category} if category else {}
        demand((await ask("openonco_list_cancer_types", **given))["total"] == count, 12, category)
    listed = await ask("openonco_list_categories")
    demand([item["testCount"] for item in listed["items"]] == [27, 24, 12, 39], 12, listed)


async def check_errors(catalogue):
    fails = catalogue.fails
    await fails("NOT_FOUND", "openonco_get_mrd", id="mrd-999")
    await fails("MISSING_PARAMETER", "openonco_get_mrd")
    await fails("MISSING_PARAMETER", "openonco_compare_mrd")
    await fails("INVALID_PARAMETER", "openonco_count_mrd", group_by="price")
    await fails("INVALID_PARAMETER", "openonco_list_vendors", category="xyz")
    await fails("INVALID_PARAMETER", "openonco_search_mrd", vendor=7)
    await fails("INVALID_PARAMETER", "openonco_search_mrd", fields="nonsense")
    if not catalogue.strict:
        for given in ({"limit": 0}, {"limit": 501}, {"min_sensitivity": -1}, {"vendor": ""}, {"offset": -3}):
            await fails("INVALID_PARAMETER", "openonco_search_mrd", **given)


def cost_of(message):
    """The cost of a message in tokens: its bytes as they are sent, without white space, by four."""
    return len(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()) / 4


async def check_budget(client, strict):
    """The tools' cost, and that of default answers."""
    tools = [tool for tool in (await client.list_tools()).tools if tool.name in TOOLS]
    demand({tool.name for tool in tools} == TOOLS, "tools", sorted(TOOLS - {tool.name for tool in tools}))
    cost = sum(cost_of(tool.model_dump(by_alias=True, exclude_none=True)) for tool in tools)
    demand(cost < 4000, "the nineteen cost", cost)
    worst = 0
    for category in ("mrd", "ecd", "trm", "tds"):
        if not strict:
            answer = (await client.call_tool(f"openonco_search_{category}", {})).structured_content
            worst = max(worst, cost_of(answer))
    demand(worst < 2000, "a default search costs", worst)
    return cost, worst


async def session(program, folder, strict):
    with tempfile.TemporaryDirectory() as home:
        options = ["--journal", f"{home}/journal.db", "--target", f"json:{folder}", "mcp", "--domain", "openonco"]
        options += ["--calls-per-hour", "1000000", *(["--strict"] if strict else [])]
        server = StdioServerParameters(command=program, args=options, env={**os.environ, "HOME": home}, cwd=home)
        async with Client(server) as client:
            catalogue = Catalogue(client, strict)
            cost, worst = await check_budget(client, strict)
            await check_searches(catalogue)
            await check_records(catalogue)
            await check_counts(catalogue)
            await check_errors(catalogue)
            manner = "strict" if strict else "recommended"
            print(f"{manner}: every answer agrees; tools {cost:.0f} tokens, default search at most {worst:.0f}")


def main():
    program, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    for strict in (False, True):
        asyncio.run(session(program, folder, strict))


main()
