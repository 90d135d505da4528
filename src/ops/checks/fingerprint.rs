//! The fingerprint of a finding: the same for every run, engine and wording of the message.
//!
//! It is the first 32 hexadecimal digits of the SHA-256 of a JSON array without spaces: `mfm/finding/1`, the check's
//! id, the table, the key as an object sorted by column, and what is wrong. Names of tables and columns are in small
//! letters, and a whole number is an integer whatever type holds it. Where several findings agree in all of that, as in
//! a table without a usable key, the second and every later one have their number as a sixth member.

use mfm_journal::Decimal;
use mfm_journal::digest::encode_hex;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

/// The first member: a later form of fingerprint gets another name, so that the two are never compared.
const SCHEMA: &str = "mfm/finding/1";

/// Length of a fingerprint in hexadecimal digits: 128 bits, short enough for a column.
const DIGITS: usize = 32;

/// Returns the fingerprint of a finding; `key` is an object by column, `occurrence` counts equal findings from 1.
#[must_use]
pub fn digest_finding(check: &str, table: &str, key: &Json, what: &str, occurrence: u64) -> String {
    let columns = key.as_object().into_iter().flatten();
    let key: Map<String, Json> =
        columns.map(|(name, value)| (name.to_ascii_lowercase(), normalize_number(value))).collect();
    let mut members = vec![json!(SCHEMA), json!(check), json!(table.to_ascii_lowercase()), json!(key), json!(what)];
    members.extend((occurrence > 1).then(|| json!(occurrence)));
    let text = Json::Array(members).to_string();
    encode_hex(&Sha256::digest(text.as_bytes())).chars().take(DIGITS).collect()
}

/// Returns a whole number as a JSON integer: engines differ in the types of keys.
fn normalize_number(value: &Json) -> Json {
    let decimal = match value {
        Json::Number(number) if number.is_f64() => number.as_f64().and_then(Decimal::from_f64),
        Json::Object(tagged) => tagged.get("$decimal").and_then(Json::as_str).and_then(|text| text.parse().ok()),
        _ => None,
    };
    decimal.and_then(Decimal::to_i64_exact).map_or_else(|| value.clone(), |number| json!(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_what_the_documentation_says() {
        // python3: hashlib.sha256(json.dumps([...], separators=(",", ":"), sort_keys=True).encode()).hexdigest()[:32]
        let expected = "4e17b71f7ce2aa48e2e502d8b90f7209";
        assert_eq!(
            digest_finding("angle_range", "TxFieldPoint", &json!({"TFP_ID": 10}), "Gantry_Ang=400", 1),
            expected
        );
    }

    #[test]
    fn engines_agree_and_facts_differ() {
        let one = |table: &str, key: Json, what: &str| digest_finding("angle_range", table, &key, what, 1);
        let first = one("TxFieldPoint", json!({"TFP_ID": 10}), "Gantry_Ang=400");
        for (table, key) in [
            ("txfieldpoint", json!({"tfp_id": 10})),
            ("TXFIELDPOINT", json!({"TFP_ID": 10.0})),
            ("TxFieldPoint", json!({"TFP_ID": {"$decimal": "10.00"}})),
        ] {
            assert_eq!(one(table, key, "Gantry_Ang=400"), first);
        }
        for (key, what) in [(json!({"TFP_ID": 11}), "Gantry_Ang=400"), (json!({"TFP_ID": 10}), "Gantry_Ang=401")] {
            assert_ne!(one("TxFieldPoint", key, what), first);
        }
        assert_ne!(digest_finding("null_point", "TxFieldPoint", &json!({"TFP_ID": 10}), "Gantry_Ang=400", 1), first);
        assert_ne!(digest_finding("angle_range", "TxFieldPoint", &json!({"TFP_ID": 10}), "Gantry_Ang=400", 2), first);
    }
}
