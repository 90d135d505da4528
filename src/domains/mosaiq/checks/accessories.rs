//! Accessories: the fields of a prescription have bolus, wedge and applicator in common.

use std::collections::BTreeMap;

use super::prescription_doses::explain_nothing;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, key_finding, require_columns,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::conventions::Convention;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::{FIELDS, is_treatment};
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Key, Row, Severity, Violation};

/// The check of one column in which the fields of a prescription agree.
pub(super) struct SharedAccessory {
    card: &'static CheckCard,
    column: &'static str,
    noun: &'static str,
}

pub(super) static BOLUS: SharedAccessory = SharedAccessory {
    card: &CheckCard {
        id: "field_bolus",
        group: "prescriptions",
        mode: "plausible_prescription",
        severity: Severity::High,
        about: "The current fields of a prescription have the same bolus, or all none; a later version of a field has \
            that of the version before. Where many prescriptions of a database do not keep this, none is reported.",
        remedy: "Compare the fields with the treatment plan: without its bolus, the skin is underdosed.",
    },
    column: "Bolus",
    noun: "bolus",
};

pub(super) static WEDGE: SharedAccessory = SharedAccessory {
    card: &CheckCard {
        id: "field_wedge",
        group: "prescriptions",
        mode: "plausible_prescription",
        severity: Severity::High,
        about: "The current fields of a prescription have wedge or applicator of the same size, or all none; fields of \
            electrons have one. Where many prescriptions of a database do not keep this, none is reported.",
        remedy: "Compare the fields with the treatment plan before the next fraction.",
    },
    column: "Wdg_Appl",
    noun: "wedge or applicator",
};

impl Check for SharedAccessory {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let aids = ["Version", "Type_Enum", "Modality_Enum"]
            .map(|column| CheckedColumn::optional(FIELDS, column, CellForm::Whole));
        let dose = CheckedColumn::optional(FIELDS, "Cgray", CellForm::Number);
        let own = [("SIT_Set_ID", CellForm::Whole), (self.column, CellForm::Any)];
        require_columns(FIELDS, own).chain(aids).chain([dose]).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let (card, column, noun) = (self.card, self.column, self.noun);
        Box::new(AccessoryVisitor { card, column, noun, rules: criteria.rules, sites: BTreeMap::new() })
    }
}

struct AccessoryVisitor<'a> {
    card: &'static CheckCard,
    column: &'static str,
    noun: &'static str,
    rules: &'a Rules,
    /// The current treatment fields of a prescription by what they have.
    sites: BTreeMap<LookupId, BTreeMap<Accessory, Vec<Key>>>,
}

/// What a field has: nothing, or something of a size, and whether it is of electrons.
type Accessory = (Option<String>, bool);

/// Returns the size in a text such as `15-IN`, `W30R`, `10X10` or `5MM`; the text itself without digits.
fn read_size(text: &str) -> Option<String> {
    let text = text.trim_matches(['\0', ' ']).to_lowercase();
    if text.is_empty() || text == "none" {
        return None;
    }
    let digits: String = text.chars().map(|c| if c.is_ascii_digit() || c == '.' { c } else { ' ' }).collect();
    let numbers: Vec<&str> = digits.split_whitespace().collect();
    Some(if numbers.is_empty() { text } else { numbers.join("x") })
}

impl CheckVisitor for AccessoryVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        for row in part.rows.iter().filter(|row| part.table == FIELDS && is_current_treatment(row)) {
            let site = LookupId::from_cell(row.cell("SIT_Set_ID"));
            if site.is_null() {
                continue;
            }
            let has = read_size(row.text(self.column).unwrap_or_default());
            let electrons = row.integer("Modality_Enum") == Some(2);
            self.sites.entry(site).or_default().entry((has, electrons)).or_default().push(row.key());
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut convention = Convention::default();
        for (_, kinds) in std::mem::take(&mut self.sites) {
            match self.judge(&kinds) {
                Some(finding) => convention.add_breach(finding),
                None => convention.keep(),
            }
        }
        let what = "prescriptions have fields that differ in this accessory";
        let verdict = convention.into_verdict(self.rules.prescriptions.agreement, what);
        explain_nothing(verdict, "no current treatment field belongs to a prescription")
    }
}

fn is_current_treatment(row: &Row<'_>) -> bool {
    row.integer("Version").is_none_or(|version| version == 0)
        && is_treatment(row.integer("Type_Enum"))
        && row.float("Cgray") != Some(0.0)
}

impl AccessoryVisitor<'_> {
    fn judge(&self, kinds: &BTreeMap<Accessory, Vec<Key>>) -> Option<Finding> {
        let noun = self.noun;
        let bare = kinds.iter().find(|((has, electrons), _)| *electrons && has.is_none() && self.column == "Wdg_Appl");
        if let Some(key) = bare.and_then(|(_, keys)| keys.first()) {
            let message = "is of electrons, and has no applicator".to_owned();
            let wrong = Violation { what: format!("{}=none electrons=1", self.column), message };
            return Some(key_finding(self.card, FIELDS, key.clone(), wrong));
        }
        // The rarest one is the odd one.
        let ((odd, _), keys) = kinds.iter().min_by_key(|(_, keys)| keys.len()).filter(|_| kinds.len() > 1)?;
        let ((usual, _), _) = kinds.iter().max_by_key(|(_, keys)| keys.len())?;
        if odd == usual {
            return None;
        }
        let [odd, usual] = [odd, usual].map(|has| has.clone().unwrap_or_else(|| "none".to_owned()));
        let others = kinds.values().flatten().filter(|key| !keys.contains(key)).map(|key| (FIELDS, key.clone()));
        let message = format!("has {noun} {odd}, and the other fields of its prescription have {usual}");
        let wrong = Violation { what: format!("{}={odd} others={usual}", self.column), message };
        let finding = key_finding(self.card, FIELDS, keys.first()?.clone(), wrong);
        Some(Finding { related: others.collect(), ..finding })
    }
}
