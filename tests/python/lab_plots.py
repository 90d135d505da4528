"""Draws a lab's distributions beside the public mock's, and some apertures of the lab; judges nothing.

Usage: lab_plots.py LAB MOCK FOLDER

LAB and MOCK are SQLite files made by `mfm lab create` and `mfm lab import`; the pictures go to FOLDER.
"""

import datetime
import pathlib
import sqlite3
import struct
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

LAB, MOCK = "#0072b2", "#d55e00"
WORKED = "WasBeamOn = 1 AND WasBeamComplete = 1 AND WasCanceled = 0 AND WasQAMode = 0"


def column(path, query):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return np.array([row[0] for row in connection.execute(query) if row[0] is not None], dtype=float)


def durations(path):
    moments = []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        for start, end in connection.execute(f"SELECT Create_DtTm, Edit_DtTm FROM TrackTreatment WHERE {WORKED}"):
            if start and end:
                read = datetime.datetime.fromisoformat
                moments.append((read(end) - read(start)).total_seconds())
    return np.array(moments)


def histogram(axes, title, unit, lab, mock, bins, logarithmic=False):
    for values, colour, name in ((lab, LAB, "lab"), (mock, MOCK, "mock")):
        if len(values):
            weights = np.full(len(values), 100 / len(values))
            label = f"{name}, {len(values)} values, median {np.median(values):g}"
            axes.hist(values, bins=bins, weights=weights, histtype="step", linewidth=1.6, color=colour, label=label)
        else:
            axes.plot([], [], color=colour, label=f"{name}: has no such table")
    if logarithmic:
        axes.set_xscale("log")
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(unit, fontsize=8)
    axes.set_ylabel("share (%)", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=7, frameon=False)


def distributions(lab, mock, path):
    figure, grid = plt.subplots(4, 2, figsize=(11, 14))
    both = lambda query: (column(lab, query), column(mock, query))
    points = "SELECT count(*) FROM TxFieldPoint GROUP BY FLD_ID"
    histogram(grid[0, 0], "Control points per field", "points", *both(points), np.geomspace(0.8, 400, 40), True)
    meterset = "SELECT Meterset FROM TxField WHERE Meterset > 0"
    histogram(grid[0, 1], "Meterset per field", "MU", *both(meterset), np.geomspace(1, 9000, 45), True)
    gantry = "SELECT Gantry_Ang FROM TxFieldPoint"
    histogram(grid[1, 0], "Gantry angle per control point", "degrees", *both(gantry), np.arange(0, 361, 10))
    collimator = "SELECT Coll_Ang FROM TxFieldPoint"
    histogram(grid[1, 1], "Collimator angle per control point", "degrees", *both(collimator), np.arange(-90, 361, 10))
    bins = np.geomspace(3, 2000, 45)
    histogram(grid[2, 0], "Duration of complete treatment beams", "s", durations(lab), durations(mock), bins, True)
    leaves = "SELECT max(MLC_Leaves) FROM TxFieldPoint GROUP BY FLD_ID"
    histogram(grid[2, 1], "Leaf pairs per field (0: no MLC)", "pairs", *both(leaves), np.arange(-1, 84, 2))
    axis = "SELECT {} FROM Offset"
    bins = np.arange(-3.05, 3.1, 0.1)
    for name, colour in (("Superior_Offset", LAB), ("Anterior_Offset", "#009e73"), ("Lateral_Offset", "#cc79a7")):
        values = column(lab, axis.format(name))
        label = f"{name}, sd {np.std(values):.2f} cm"
        grid[3, 0].hist(values, bins=bins, histtype="step", linewidth=1.6, color=colour, label=label)
    grid[3, 0].set_title("Offsets of the lab (the mock has no Offset table)", fontsize=10)
    grid[3, 0].set_xlabel("cm", fontsize=8)
    grid[3, 0].legend(fontsize=7, frameon=False)
    by_site(lab, grid[3, 1])
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def by_site(lab, axes):
    query = (
        "SELECT Site_Name, Superior_Offset, Anterior_Offset, Lateral_Offset FROM Offset"
        " JOIN Site USING (SIT_SET_ID) WHERE Site.Version = 0"
    )
    sites = {}
    with sqlite3.connect(f"file:{lab}?mode=ro", uri=True) as connection:
        for name, *shift in connection.execute(query):
            sites.setdefault(name.replace(" BOOST", ""), []).append(float(np.linalg.norm(shift)))
    names = sorted(sites, key=lambda name: np.median(sites[name]))
    axes.boxplot([sites[name] for name in names], orientation="horizontal", tick_labels=names, showfliers=False)
    axes.set_title("Length of the offset vector by site", fontsize=10)
    axes.set_xlabel("cm", fontsize=8)
    axes.tick_params(labelsize=8)


def aperture(row, outward):
    """Both banks in one coordinate, cm."""
    pairs, a, b = row
    a, b = (np.array(struct.unpack(f"<{pairs}h", bank[: 2 * pairs])) / 100 for bank in (a, b))
    return (-a if outward else a), b


def counts_outward(connection, machine):
    """Whether a machine's clean leaves are crossed when both banks are read in one coordinate."""
    query = (
        "SELECT MLC_Leaves, A_Leaf_Set, B_Leaf_Set FROM TxFieldPoint JOIN TxField USING (FLD_ID)"
        " WHERE Machine_ID_Staff_ID = ? AND MLC_Leaves > 0"
    )
    read = (aperture(row, False) for row in connection.execute(query, (machine,)))
    return any((a > b).any() for a, b in read)


def apertures(lab, path):
    """Control points of one static field a column, then of one segmented field and one arc a row."""
    fields = (
        "SELECT FLD_ID, Machine_ID_Staff_ID FROM TxField JOIN TxFieldPoint USING (FLD_ID)"
        " WHERE Type_Enum = ? AND MLC_Leaves > 0 AND TxField.Version = 0"
        " GROUP BY FLD_ID ORDER BY count(*) DESC, FLD_ID LIMIT 4"
    )
    points = "SELECT MLC_Leaves, A_Leaf_Set, B_Leaf_Set FROM TxFieldPoint WHERE FLD_ID = ? ORDER BY Point"
    figure, grid = plt.subplots(3, 4, figsize=(11, 8))
    with sqlite3.connect(f"file:{lab}?mode=ro", uri=True) as connection:
        for row, (kind, name) in zip(grid, ((1, "static"), (2, "step and shoot"), (13, "VMAT"))):
            found = connection.execute(fields, (kind,)).fetchall()
            if kind != 1:
                found = found[:1] * 4
            for column, (axes, (field, machine)) in enumerate(zip(row, found)):
                rows = connection.execute(points, (field,)).fetchall()
                at = 0 if kind == 1 else column * (len(rows) - 1) // 3
                a, b = aperture(rows[at], counts_outward(connection, machine))
                axes.barh(np.arange(len(a)), b - a, left=a, height=0.9, color=LAB)
                axes.set_title(f"{name}, field {field}, point {at}", fontsize=8)
                axes.set_xlim(-12, 12)
                axes.tick_params(labelsize=7)
    figure.supxlabel("leaf position (cm)", fontsize=8)
    figure.supylabel("leaf pair", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    lab, mock, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    distributions(lab, mock, folder / "lab-and-mock.png")
    apertures(lab, folder / "lab-apertures.png")
