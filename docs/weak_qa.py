#!/usr/bin/env python3
"""A home-made quality check: six rules that look reasonable, each with a limit, and what each of them forgets.

Usage: weak_qa.py DATABASE. Prints one line of JSON with what it found, for `mfm drill --judge json`.
"""
import collections, itertools, json, sqlite3, sys

LIMITS = {
    "couch_position": 7.0,  # cm that the couches of two fields of a prescription are apart
    "couch_angle": 6.0,  # degrees, likewise
    "fraction_dose": 12.0,  # cGy that the dose of a fraction is away from total dose over fractions
    "meterset": 8.0,  # percent that monitor units times dose per MU are away from the dose of a field
    "skin_distance": 2.5,  # cm that two fields of a prescription from the same side are apart in their SSD
    "shift": 2.5,  # cm on any axis
}


def compare_beams(database):
    """Forgets prescriptions of a single field, which has nothing beside it, and wedges and applicators."""
    beams = database.execute(
        "SELECT SIT_Set_ID, Machine_ID_Staff_ID, FLD_ID, Couch_Lng, Couch_Ang, Gantry_Ang, Ssd FROM TxField"
        " JOIN TxFieldPoint USING (FLD_ID) WHERE Point = 0 AND Wdg_Appl IS NULL"
        " ORDER BY FLD_ID").fetchall()
    together = collections.defaultdict(list)
    for *prescription_and_machine, field, couch, turned, gantry, skin in beams:
        if None not in (couch, turned, gantry, skin):
            together[tuple(prescription_and_machine)].append((field, couch, turned, gantry, skin))
    for pair in itertools.chain(*(itertools.combinations(all, 2) for all in together.values())):
        (field, *one), (other_field, *other) = pair
        couch, turned, gantry, skin = (abs(here - there) for here, there in zip(one, other))
        names = f"{field} {other_field}"
        yield "couch_position", names, couch
        yield "couch_angle", names, min(turned, 360 - turned)
        if gantry < 1 and turned < 1:
            yield "skin_distance", names, skin


def check_doses(database):
    """Forgets that a prescription which agrees with itself may be another one, and so may dose and MU together."""
    yield from database.execute(
        "SELECT 'fraction_dose', SIT_ID, abs(Dose_Tx - Dose_Ttl / Fractions) FROM Site WHERE Version = 0 UNION ALL"
        " SELECT 'meterset', FLD_ID, abs(Meterset * cGrayPerMeterset / Cgray - 1) * 100 FROM TxField WHERE Version = 0")


def check_shifts(database):
    """Forgets that a shift can be usual for others, and wrong for this patient."""
    yield from database.execute(
        "SELECT 'shift', OFF_ID, max(abs(Superior_Offset), abs(Anterior_Offset), abs(Lateral_Offset)) FROM Offset")


database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
measured = itertools.chain(compare_beams(database), check_doses(database), check_shifts(database))
findings = {f"{rule} {key}" for rule, key, value in measured if value is not None and value > LIMITS[rule]}
print(json.dumps({"findings": sorted(findings), "checks": list(LIMITS)}))
