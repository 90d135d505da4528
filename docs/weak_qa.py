#!/usr/bin/env python3
"""A deliberately weak quality check: six rules that look reasonable, and what they forget.

Usage: weak_qa.py DATABASE. Prints one line of JSON with what it found, for `mfm drill --judge json`.
"""
import json, sqlite3, sys

RULES = {
    # Forgets the collimator.
    "gantry_range": "SELECT TFP_ID FROM TxFieldPoint WHERE Gantry_Ang < 0 OR Gantry_Ang > 360",
    # Forgets times in the future.
    "ends_before_it_begins": "SELECT TTX_ID FROM TrackTreatment WHERE Edit_DtTm < Create_DtTm",
    # Forgets that a field has a patient, too, and every other column.
    "delivery_without_patient": "SELECT TTX_ID FROM TrackTreatment WHERE Pat_ID1 IS NULL",
    # Forgets fields and prescriptions.
    "unknown_patient": "SELECT TTX_ID FROM TrackTreatment WHERE Pat_ID1 NOT IN (SELECT Pat_ID1 FROM Patient)",
    # Forgets metersets that are too large, or not what the control points say.
    "negative_meterset": "SELECT FLD_ID FROM TxField WHERE Meterset < 0",
    # Forgets what the codes mean.
    "large_shift": "SELECT OFF_ID FROM Offset WHERE max(abs(Superior_Offset), abs(Anterior_Offset), abs(Lateral_Offset)) > 20",
}

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
findings = [f"{rule} {key}" for rule, query in RULES.items() for (key,) in database.execute(query)]
print(json.dumps({"findings": findings, "checks": list(RULES)}))
