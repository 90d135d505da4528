"""What the scripts that drive `mfm mcp` call: each fault in one variant, what only reads, and what has to be refused."""

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
    "create_plausible_fault": "two_current",
}
# What a tool needs besides.
MORE = {"create_plausible_fault": {"mode": "plausible_versions", "record_type": "TxField"}}
READS = {
    "list_failure_modes": {},
    "status": {},
    "log": {"limit": 5},
    "show": {"op": 1, "diff": True},
    "explain": {"op": 1},
    "find": {"kind": "delivery", "limit": 2, "target": "lab"},
    "check": {"only": ["angles"], "target": "lab"},
    "audit_verify": {"depth": "live", "full": True},
    "plan": {"tool": "corrupt_offset_data", "variant": "invalid_type", "sample": 1, "target": "lab"},
}
REFUSED = {
    "create_invalid_angles": {"hostname": "localhost", "database": "MOSAIQ", "variant": "gantry", "sample": 1},
    "corrupt_offset_data": {"target": "lab"},
    "show": {"op": 999999},
    "apply_plan": {"handle": "0123456789abcdef0123456789abcdef"},
    "status": {"sql": "DROP TABLE TxField"},
}
COMPLETIONS = [
    ("ref/resource", "failure-mode://mosaiq/{mode}", "mode", "orph", "orphaned_records"),
    ("ref/resource", "mfm://operations/{op}", "op", "1", "1"),
    ("ref/resource", "mfm://findings/{target}", "target", "la", "lab"),
    ("ref/prompt", "test_mlc_validation", "target", "la", "lab"),
    ("ref/prompt", "develop_duplicate_detection", "target", "la", "lab"),
    ("ref/prompt", "test_offset_validation", "target", "la", "lab"),
    ("ref/prompt", "read_drill", "target", "co", "copy"),
]
SERVER = ["mcp", "--cooldown-ms", "0", "--writes-per-hour", "1000", "--consent", "client"]
