//! Beams of a prescription: energy and rays of its fields are those that it orders.

use std::collections::{BTreeMap, BTreeSet};

use super::prescription_doses::explain_nothing;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, key_finding,
    require_columns, sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::conventions::Convention;
use crate::domains::mosaiq::leaves::POINTS;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::{FIELDS, is_treatment};
use crate::domains::mosaiq::modality::{OrderedBeam, Particle};
use crate::domains::mosaiq::orders::SITES;
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Key, Row, Severity, Violation};

pub(super) struct FieldEnergy;
pub(super) struct PrescriptionEnergy;
pub(super) struct PrescriptionModality;

static FIELD_ENERGY: CheckCard = CheckCard {
    id: "field_energy",
    group: "prescriptions",
    mode: "plausible_prescription",
    severity: Severity::High,
    about: "All control points of a field of X-rays or electrons have one energy.",
    remedy: "Compare the field with the treatment plan, and import it again.",
};

static ENERGY: CheckCard = CheckCard {
    id: "prescription_energy",
    group: "prescriptions",
    mode: "plausible_prescription",
    severity: Severity::Critical,
    about: "The control points of a current field have the energy that Site.Modality of its prescription names. Where \
        many fields of a database do not keep this, none is reported.",
    remedy: "Compare prescription and field with the treatment plan before the next fraction.",
};

static MODALITY: CheckCard = CheckCard {
    id: "prescription_modality",
    group: "prescriptions",
    mode: "plausible_prescription",
    severity: Severity::Critical,
    about: "A current field has X-rays or electrons, and a flattening filter or none, as Site.Modality of its \
        prescription says; so does Site.Modality_Enum. Where many fields of a database do not keep this, none is \
        reported.",
    remedy: "Compare prescription and field with the treatment plan before the next fraction.",
};

/// What a prescription orders, from one current row of Site.
#[derive(Clone, Debug)]
pub(super) struct SiteText {
    pub(super) key: Key,
    beam: OrderedBeam,
    /// Site.Modality_Enum: 1 X-rays, 2 electrons.
    modality: Option<i64>,
    pub(super) technique: String,
}

/// Reads the current prescriptions, by SIT_SET_ID.
pub(super) fn add_sites(sites: &mut BTreeMap<LookupId, SiteText>, rows: &[Row<'_>]) {
    for row in rows.iter().filter(|row| row.integer("Version").is_none_or(|version| version == 0)) {
        let text = SiteText {
            key: row.key(),
            beam: OrderedBeam::from_text(row.text("Modality").unwrap_or_default()),
            modality: row.integer("Modality_Enum").filter(|number| [1, 2].contains(number)),
            technique: row.text("Technique").unwrap_or_default().trim().to_uppercase(),
        };
        sites.insert(LookupId::from_cell(row.cell("SIT_SET_ID")), text);
    }
}

pub(super) fn link_columns() -> impl Iterator<Item = CheckedColumn> {
    let fields = [("FLD_ID", CellForm::Whole), ("SIT_Set_ID", CellForm::Whole)];
    let aids = [(SITES, "Version"), (FIELDS, "Version"), (FIELDS, "Type_Enum")];
    let aids = aids.map(|(table, column)| CheckedColumn::optional(table, column, CellForm::Whole));
    require_columns(FIELDS, fields).chain(require_columns(SITES, [("SIT_SET_ID", CellForm::Whole)])).chain(aids)
}

impl Check for FieldEnergy {
    fn card(&self) -> &'static CheckCard {
        &FIELD_ENERGY
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), ("Modality_Enum", CellForm::Whole)];
        let points = [("FLD_ID", CellForm::Whole), ("Energy", CellForm::Whole)];
        require_columns(FIELDS, fields).chain(require_columns(POINTS, points)).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(FieldEnergyVisitor { looked_at: 0, findings: Vec::new() })
    }
}

struct FieldEnergyVisitor {
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for FieldEnergyVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        if part.table != POINTS {
            return;
        }
        for (id, points) in part.rows_by_field() {
            let modality = known.orders.field(id).and_then(|field| field.modality);
            if !modality.is_some_and(|modality| [1, 2].contains(&modality)) {
                continue;
            }
            self.looked_at += points.len() as u64;
            self.findings.extend(uneven_energy(id, points));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let verdict = sorted_verdict(self.looked_at, std::mem::take(&mut self.findings));
        explain_nothing(verdict, "no field of X-rays or electrons has control points")
    }
}

/// Returns the energy of a point, MV or MeV; 0 counts as none.
fn energy_of(point: &Row<'_>) -> Option<f64> {
    point.float("Energy").filter(|energy| *energy > 0.0)
}

fn uneven_energy(id: &LookupId, points: &[Row<'_>]) -> Option<Finding> {
    let first = points.iter().find_map(energy_of)?;
    let others: Vec<&Row<'_>> =
        points.iter().filter(|point| energy_of(point).is_some_and(|energy| energy != first)).collect();
    let point = *others.first()?;
    let other = energy_of(point)?;
    let message =
        format!("has {first} and {other} in control points of one field ({} of field {})", others.len(), { show(id) });
    let wrong = Violation { what: format!("Energy={other} first={first}"), message };
    let related = others.iter().skip(1).map(|point| (POINTS, point.key()));
    let rest = points.iter().filter(|point| energy_of(point) == Some(first)).map(|point| (POINTS, point.key()));
    let related = related.chain(rest.take(1)).collect();
    Some(Finding { related, ..key_finding(&FIELD_ENERGY, POINTS, point.key(), wrong) })
}

fn show(id: &LookupId) -> String {
    match id {
        LookupId::Number(number) => number.to_string(),
        other => format!("{:?}", other.to_value()),
    }
}

impl Check for PrescriptionEnergy {
    fn card(&self) -> &'static CheckCard {
        &ENERGY
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES), Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let points = [("FLD_ID", CellForm::Whole), ("Energy", CellForm::Whole)];
        let site = CheckedColumn::required(SITES, "Modality", CellForm::Any);
        link_columns().chain(require_columns(POINTS, points)).chain([site]).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(EnergyVisitor { rules: criteria.rules, sites: BTreeMap::new(), convention: Convention::default() })
    }
}

struct EnergyVisitor<'a> {
    rules: &'a Rules,
    sites: BTreeMap<LookupId, SiteText>,
    convention: Convention,
}

impl CheckVisitor for EnergyVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        match part.table {
            SITES => add_sites(&mut self.sites, &part.rows),
            POINTS => {
                for (id, points) in part.rows_by_field() {
                    let field = known.orders.field(id).filter(|field| field.is_current && field.is_treatment());
                    let site = field.and_then(|field| self.sites.get(&field.site));
                    let Some((site, ordered)) = site.and_then(|site| Some((site, site.beam.energy?))) else { continue };
                    let Some(point) = points.iter().find(|point| energy_of(point).is_some()) else { continue };
                    let given: BTreeSet<String> = points.iter().filter_map(energy_of).map(|e| e.to_string()).collect();
                    if given.contains(&f64::from(ordered).to_string()) {
                        self.convention.keep();
                        continue;
                    }
                    let energy = Vec::from_iter(given).join(" and ");
                    let unit = if site.beam.particle == Some(Particle::Electrons) { "MeV" } else { "MV" };
                    let key = known.find_field(id).map(|field| field.key()).unwrap_or_default();
                    let breach = Finding {
                        check: ENERGY.id,
                        severity: ENERGY.severity,
                        table: FIELDS,
                        key,
                        related: vec![(SITES, site.key.clone()), (POINTS, point.key())],
                        what: format!("Energy={energy} Modality={ordered}"),
                        message: format!("has {energy} {unit}, and its prescription orders {ordered} {unit}"),
                    };
                    self.convention.add_breach_of(site.key.clone(), breach);
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let agreement = self.rules.prescriptions.agreement;
        let verdict = std::mem::take(&mut self.convention)
            .into_verdict(agreement, "fields have another energy than their prescription names");
        explain_nothing(verdict, "no prescription of a current field names an energy")
    }
}

impl Check for PrescriptionModality {
    fn card(&self) -> &'static CheckCard {
        &MODALITY
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES), Fetch::all(FIELDS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let site = CheckedColumn::required(SITES, "Modality", CellForm::Any);
        let aids = [(SITES, "Modality_Enum", CellForm::Whole), (FIELDS, "IsFFF", CellForm::FlagOrNull)];
        let aids = aids.map(|(table, column, form)| CheckedColumn::optional(table, column, form));
        let field = CheckedColumn::required(FIELDS, "Modality_Enum", CellForm::Whole);
        link_columns().chain([site, field]).chain(aids).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(ModalityVisitor {
            rules: criteria.rules,
            sites: BTreeMap::new(),
            rays: Convention::default(),
            filters: Convention::default(),
            numbers: Convention::default(),
        })
    }
}

/// Which rays, which filter, and the prescription's own number are three conventions: a database can keep one of them.
struct ModalityVisitor<'a> {
    rules: &'a Rules,
    sites: BTreeMap<LookupId, SiteText>,
    rays: Convention,
    filters: Convention,
    numbers: Convention,
}

fn add_judgement(convention: &mut Convention, keeps: bool, site: &SiteText, build: impl FnOnce() -> Finding) {
    if keeps { convention.keep() } else { convention.add_breach_of(site.key.clone(), build()) }
}

impl ModalityVisitor<'_> {
    fn judge_field(&mut self, row: &Row<'_>) {
        let is_current = row.integer("Version").is_none_or(|version| version == 0);
        let Some(number) = row.integer("Modality_Enum").filter(|number| is_current && [1, 2].contains(number)) else {
            return;
        };
        if !is_treatment(row.integer("Type_Enum")) {
            return;
        }
        let Some(site) = self.sites.get(&LookupId::from_cell(row.cell("SIT_Set_ID"))) else { return };
        let build = |what: String, message: String| Finding {
            related: vec![(SITES, site.key.clone())],
            ..key_finding(&MODALITY, FIELDS, row.key(), Violation { what, message })
        };
        let found = Particle::from_number(number);
        if let Some(ordered) = site.beam.particle {
            add_judgement(&mut self.rays, found == ordered, site, || {
                let message = format!("is of {}, and its prescription orders {}", found.word(), ordered.word());
                build(format!("Modality_Enum={number} ordered={}", ordered.word()), message)
            });
        }
        let flag = row.flag("IsFFF").filter(|_| site.beam.energy.is_some() && number == 1);
        if let Some(unflattened) = flag {
            add_judgement(&mut self.filters, unflattened == site.beam.is_unflattened, site, || {
                let [has, orders] = [unflattened, site.beam.is_unflattened].map(|free| if free { "no" } else { "a" });
                let message = format!("has {has} flattening filter, and its prescription orders {orders} filter");
                build(format!("IsFFF={}", u8::from(unflattened)), message)
            });
        }
    }

    fn judge_sites(&mut self) {
        for site in self.sites.values() {
            let Some((ordered, number)) = site.beam.particle.zip(site.modality) else { continue };
            let found = Particle::from_number(number);
            add_judgement(&mut self.numbers, found == ordered, site, || {
                let message = format!("names {} in Modality, and {} in Modality_Enum", ordered.word(), found.word());
                let wrong = Violation { what: format!("Modality_Enum={number} Modality={}", ordered.word()), message };
                key_finding(&MODALITY, SITES, site.key.clone(), wrong)
            });
        }
    }
}

impl CheckVisitor for ModalityVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        match part.table {
            SITES => add_sites(&mut self.sites, &part.rows),
            FIELDS => part.rows.iter().for_each(|row| self.judge_field(row)),
            _ => {}
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        self.judge_sites();
        let agreement = self.rules.prescriptions.agreement;
        let (mut looked_at, mut findings, mut remarks) = (0, Vec::new(), Vec::new());
        for (convention, what) in [
            (std::mem::take(&mut self.rays), "fields have other rays than their prescription names"),
            (std::mem::take(&mut self.filters), "fields have another filter than their prescription names"),
            (std::mem::take(&mut self.numbers), "prescriptions name other rays in Modality than in Modality_Enum"),
        ] {
            looked_at += convention.judged();
            let (found, remark) = convention.into_parts(agreement, what);
            findings.extend(found);
            remarks.extend(remark);
        }
        findings.sort();
        explain_nothing(CheckVerdict::Ran { looked_at, findings, remarks }, "no prescription names rays")
    }
}
