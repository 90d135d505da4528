//! Technique of a prescription: its fields are of a type that the technique means.

use std::collections::BTreeMap;

use super::prescription_beams::{SiteText, add_sites, link_columns};
use super::prescription_doses::explain_nothing;
use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, key_finding};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::conventions::Convention;
use crate::domains::mosaiq::field_types;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::orders::{PlannedField, SITES};
use crate::domains::mosaiq::rules::{FieldType, Rules};
use crate::model::{Fetch, Finding, Key, Severity, Violation};

pub(super) struct PrescriptionTechnique;

static TECHNIQUE: CheckCard = CheckCard {
    id: "prescription_technique",
    group: "prescriptions",
    mode: "plausible_prescription",
    severity: Severity::High,
    about: "The current fields of a prescription are of a type that its Technique means, by the rules or by the other \
        prescriptions of the technique. Where many prescriptions of a database do not keep this, none is reported.",
    remedy: "Compare prescription and fields with the treatment plan, and correct the one that is wrong.",
};

impl Check for PrescriptionTechnique {
    fn card(&self) -> &'static CheckCard {
        &TECHNIQUE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES), Fetch::all(FIELDS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let site = CheckedColumn::required(SITES, "Technique", CellForm::Any);
        let field = CheckedColumn::required(FIELDS, "Type_Enum", CellForm::Whole);
        let aid = CheckedColumn::optional(FIELDS, "Modality_Enum", CellForm::Whole);
        link_columns().chain([site, field, aid]).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(TechniqueVisitor { rules: criteria.rules, sites: BTreeMap::new() })
    }
}

struct TechniqueVisitor<'a> {
    rules: &'a Rules,
    sites: BTreeMap<LookupId, SiteText>,
}

/// Type and rays of a field.
type FieldClass = (Option<i64>, bool);

const fn class_of(field: &PlannedField) -> FieldClass {
    (field.kind, matches!(field.modality, Some(2)))
}

impl TechniqueVisitor<'_> {
    /// Tells what a technique means by the rules: the types, and whether electrons; `None` if no rule names it.
    fn judge_by_rules(&self, technique: &str, class: FieldClass) -> Option<bool> {
        let mut rules = self.rules.techniques.values().filter(|rule| rule.names(technique)).peekable();
        rules.peek()?;
        let kind = class.0.and_then(FieldType::from_number);
        Some(rules.any(|rule| rule.electrons == class.1 && kind.is_none_or(|kind| rule.types.contains(&kind))))
    }
}

impl CheckVisitor for TechniqueVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table == SITES {
            add_sites(&mut self.sites, &part.rows);
        }
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        let mut usual: BTreeMap<&str, BTreeMap<FieldClass, u64>> = BTreeMap::new();
        let mut classes: Vec<(&SiteText, FieldClass, Key)> = Vec::new();
        for (set, site) in self.sites.iter().filter(|(_, site)| !site.technique.is_empty()) {
            let all: BTreeMap<FieldClass, LookupId> =
                known.orders.fields_of(set).map(|(id, field)| (class_of(field), id.clone())).collect();
            for (class, id) in all {
                *usual.entry(&site.technique).or_default().entry(class).or_default() += 1;
                let key = known.find_field(&id).map(|field| field.key()).unwrap_or_default();
                classes.push((site, class, key));
            }
        }
        let mut convention = Convention::default();
        for (site, class, field) in &classes {
            let counts = usual.get(site.technique.as_str());
            let own = counts.and_then(|counts| counts.get(class)).copied().unwrap_or_default();
            let all: u64 = counts.into_iter().flat_map(BTreeMap::values).sum();
            let others = all - own;
            let by_others = own <= 1 && others >= u64::from(self.rules.prescriptions.technique_prescriptions.get());
            let by_rules = self.judge_by_rules(&site.technique, *class) == Some(false);
            if !by_rules && !by_others {
                convention.keep();
                continue;
            }
            let kind = class.0.and_then(field_types::find_word).unwrap_or("no type");
            let rays = if class.1 { " of electrons" } else { "" };
            let source = if by_rules { "by the rules" } else { "in the other prescriptions" };
            let message = format!("has a field of type {kind}{rays}, which its technique does not mean {source}");
            let wrong = Violation { what: format!("Technique=other Type_Enum={}", class.0.unwrap_or(-1)), message };
            convention.add_breach(Finding {
                related: vec![(FIELDS, field.clone())],
                ..key_finding(&TECHNIQUE, SITES, site.key.clone(), wrong)
            });
        }
        let agreement = self.rules.prescriptions.agreement;
        let verdict =
            convention.into_verdict(agreement, "prescriptions have fields that their technique does not mean");
        explain_nothing(verdict, "no prescription with current fields names a technique")
    }
}
