//! One synthetic record, as the text of a pretty-printed JSON object.

use super::words::{
    APPROACHES, APPROVED, BIOMARKERS, CANCERS, PAYMENTS, PRODUCTS, SAMPLES, SCOPES, SETTINGS, SYLLABLES, UNAPPROVED,
    VENDORS,
};
use crate::domains::openonco::categories::Category;
use crate::domains::openonco::checks::squeeze;
use crate::domains::openonco::source::encode_text;
use crate::domains::openonco::text::vendors::group_of;
use crate::model::Value;
use crate::model::seed::RecordRandom;

/// Builds the text of a record: `record` is its number in the catalogue, `nth` in its file.
pub(super) fn build_text(category: &Category, record: i64, nth: u64, seed: u64) -> String {
    let mut builder = RecordBuilder::new(category, record, nth, seed);
    builder.add_head();
    match category.id {
        "mrd" => builder.add_residual(),
        "ecd" => builder.add_detection(),
        "trm" => builder.add_monitoring(),
        _ => builder.add_decision(),
    }
    builder.add_status();
    builder.add_tail();
    builder.into_text()
}

struct RecordBuilder<'c> {
    category: &'c Category,
    record: i64,
    nth: u64,
    random: RecordRandom,
    vendor: &'static str,
    members: Vec<(String, String)>,
}

impl<'c> RecordBuilder<'c> {
    fn new(category: &'c Category, record: i64, nth: u64, seed: u64) -> Self {
        let mut random = RecordRandom::new(seed, "catalogue", &[Value::Integer(record)]);
        // Tests of one vendor stand near each other, as they are entered together.
        let near = record.unsigned_abs() / 4 + random.below(3);
        let at = usize::try_from(near % VENDORS.len() as u64).unwrap_or(0);
        let vendor = VENDORS.get(at).copied().unwrap_or("Lumenar");
        Self { category, record, nth, random, vendor, members: Vec::new() }
    }

    fn has(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    fn choose(&mut self, words: &[&'static str]) -> &'static str {
        self.random.pick(words).copied().unwrap_or_default()
    }

    fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.random.below(last - first + 1)
    }

    /// Draws a share with one digit behind its point, in tenths from first to last.
    fn share(&mut self, first: u64, last: u64) -> f64 {
        tenths(self.between(first, last))
    }

    fn text(&mut self, key: &str, text: &str) {
        self.members.push((key.to_owned(), encode_text(text)));
    }

    fn raw(&mut self, key: &str, value: impl Into<String>) {
        self.members.push((key.to_owned(), value.into()));
    }

    fn list(&mut self, key: &str, items: &[&str]) {
        let lines: Vec<String> = items.iter().map(|item| format!("      {}", encode_text(item))).collect();
        let text = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n    ]", lines.join(",\n")) };
        self.raw(key, text);
    }

    /// Draws some words of a list, each once, in the order of the list.
    fn some_of(&mut self, words: &[&'static str], most: u64) -> Vec<&'static str> {
        let count = self.between(1, most);
        let mut chosen = Vec::new();
        for _ in 0..count {
            let word = self.choose(words);
            if !chosen.contains(&word) {
                chosen.push(word);
            }
        }
        chosen
    }

    fn site(&self) -> String {
        format!("https://www.{}.com", squeeze(&group_of(self.vendor)))
    }

    /// Adds the citations of a figure: the vendor's site, a publication, or both.
    fn cite(&mut self, figure: &str) {
        let (site, nth) = (self.site(), self.record);
        let text = match self.random.below(3) {
            0 => format!("{site}/performance"),
            1 => format!("https://doi.org/10.5555/mfm.{nth}"),
            _ => format!("{site}/publications | https://doi.org/10.5555/mfm.{nth}"),
        };
        self.text(&format!("{figure}Citations"), &text);
    }

    fn add_head(&mut self) {
        let kit = if self.category.id != "trm" && self.nth % 11 == 10 { "kit-" } else { "" };
        let id = format!("{}-{kit}{}", self.category.id, self.nth);
        self.text("id", &id);
        let (name, vendor) = (product_name(self.record, self.category.id), self.vendor);
        let sample = self.choose(&SAMPLES);
        if self.has(50) {
            self.text("sampleCategory", sample);
        }
        self.text("name", &name);
        self.text("vendor", vendor);
        if self.category.id == "tds" {
            let product = self.choose(&PRODUCTS);
            self.text("productType", product);
        }
        let cancers = self.some_of(&CANCERS, 5);
        self.list("cancerTypes", &cancers);
    }

    /// Adds sensitivity and specificity with their citations, and notes that state each.
    fn add_accuracy(&mut self, sensitivity: f64, specificity: f64) {
        let cohort = self.between(120, 9000);
        self.raw("sensitivity", format!("{sensitivity:.1}"));
        self.cite("sensitivity");
        self.text("sensitivityNotes", &format!("Sensitivity of {sensitivity:.1}% in a cohort of {cohort} people."));
        self.raw("specificity", format!("{specificity:.1}"));
        if self.has(70) {
            self.text("specificityNotes", &format!("Specificity of {specificity:.1}%; controls were matched by age."));
        }
        self.cite("specificity");
        match self.random.below(10) {
            0 => self.raw("analyticalValidationWarning", "true"),
            1 => self.raw("smallSampleWarning", "true"),
            _ => {}
        }
        self.raw("totalParticipants", cohort.to_string());
    }

    fn add_days(&mut self, field: &str, days: u64) {
        self.raw(field, format!("{days}.0"));
        if self.has(60) {
            self.text(&format!("{field}Notes"), &format!("Usually within {days} days of receipt."));
        }
    }

    fn add_lead(&mut self) {
        let days = self.between(45, 420);
        self.raw("leadTimeVsImaging", format!("{days}.0"));
        if self.has(50) {
            let months = format!("Median of about {} months before imaging.", days / 30);
            self.text("leadTimeVsImagingNotes", &months);
        }
    }

    fn add_residual(&mut self) {
        let approach = self.choose(&APPROACHES);
        self.text("approach", approach);
        let (sensitivity, specificity) = (self.share(600, 949), self.share(950, 999));
        self.add_accuracy(sensitivity, specificity);
        if self.has(30) {
            self.raw("stageIISensitivity", "null");
        }
        self.text("lod", "~0.01% VAF");
        let needs = if approach.starts_with("Tumor-informed") { "Yes" } else { "No" };
        self.text("requiresTumorTissue", needs);
        let settings = self.some_of(&SETTINGS, 3);
        self.list("clinicalSettings", &settings);
        let first = self.between(14, 35);
        self.add_days("initialTat", first);
        if self.has(80) {
            let later = self.between(6, 13);
            self.add_days("followUpTat", later);
        }
        if self.has(60) {
            let volume = self.between(8, 40);
            self.raw("bloodVolume", volume.to_string());
        }
        if self.has(50) {
            self.add_lead();
        }
    }

    fn add_detection(&mut self) {
        let scope = self.choose(&SCOPES);
        self.text("testScope", scope);
        self.text("approach", "Blood-based cfDNA screening (plasma)");
        let first = self.between(200, 600);
        let rises: Vec<u64> = (0..3).map(|_| self.between(20, 120)).collect();
        let stages: Vec<u64> = rises
            .iter()
            .scan(first, |at, rise| {
                *at = (*at + rise).min(990);
                Some(*at)
            })
            .collect();
        let last = stages.last().copied().unwrap_or(first);
        let overall = tenths(self.between(first, last));
        let specificity = self.share(850, 995);
        self.add_accuracy(overall, specificity);
        if self.has(80) {
            for (field, stage) in
                ["stageISensitivity", "stageIISensitivity", "stageIIISensitivity", "stageIVSensitivity"]
                    .iter()
                    .zip([first].iter().chain(&stages))
            {
                self.raw(field, format!("{:.1}", tenths(*stage)));
            }
        }
        if overall < 99.0 && self.has(90) {
            self.add_predictive(overall / 100.0, specificity / 100.0);
        }
        let price = self.between(150, 950);
        self.raw("listPrice", price.to_string());
        let days = self.between(5, 21);
        self.text("tat", &format!("~{days} days"));
        if self.has(30) {
            self.list("commercialPayers", &[]);
            self.text("commercialPayersCitations", "");
        }
    }

    /// Adds the predictive values that one prevalence gives.
    fn add_predictive(&mut self, sensitivity: f64, specificity: f64) {
        let prevalence = tenths(self.between(4, 30)) / 100.0;
        let ill = prevalence * sensitivity;
        let well = (1.0 - prevalence) * specificity;
        let ppv = 100.0 * ill / (ill + (1.0 - prevalence) * (1.0 - specificity));
        let npv = 100.0 * well / (well + prevalence * (1.0 - sensitivity));
        if npv > 99.98 {
            return;
        }
        self.raw("ppv", format!("{ppv:.2}"));
        self.text("ppvDefinition", &format!("PPV of {ppv:.2}% in the screened population."));
        self.cite("ppv");
        self.raw("npv", format!("{npv:.2}"));
        self.text("npvDefinition", &format!("NPV of {npv:.2}% for absence of cancer."));
        self.cite("npv");
    }

    fn add_monitoring(&mut self) {
        let approach = self.choose(&APPROACHES);
        self.text("approach", approach);
        if self.has(40) {
            let (sensitivity, specificity) = (self.share(600, 949), self.share(950, 999));
            self.add_accuracy(sensitivity, specificity);
        } else if self.has(50) {
            self.raw("sensitivity", "null");
        }
        self.text("responseDefinition", "Change of the tumour fraction from the first sample on");
        self.text("lod", "0.1% tumour fraction");
        if self.has(40) {
            self.add_lead();
        }
    }

    fn add_decision(&mut self) {
        self.text("approach", "Tissue CGP");
        let genes = self.between(1, 700);
        self.raw("genesAnalyzed", genes.to_string());
        if self.has(70) {
            let markers = self.some_of(&BIOMARKERS, 6);
            self.list("biomarkersReported", &markers);
        }
        let days = self.between(5, 21);
        self.text("tat", &format!("{days} days"));
        if self.has(40) {
            let (sensitivity, specificity) = (self.share(900, 979), self.share(985, 999));
            self.add_accuracy(sensitivity, specificity);
        }
        if self.has(20) {
            let price = self.between(15, 60) * 100;
            self.raw("listPrice", price.to_string());
        }
    }

    fn add_status(&mut self) {
        if self.category.id == "trm" && self.nth % 12 == 1 {
            self.text("fdaStatus", "DISCONTINUED - CLIA LDT no longer available");
            self.raw("isDiscontinued", "true");
            self.text("clinicalAvailability", "Discontinued in 2023");
            return;
        }
        if self.has(30) {
            let status = self.choose(&APPROVED);
            self.text("fdaStatus", status);
            let (year, month) = (self.between(2014, 2024), self.between(1, 12));
            self.text("fdaApprovalDate", &format!("{year}-{month:02}-15"));
            if self.category.id == "tds" && status.contains("CDx") {
                let count = self.between(1, 40);
                self.raw("fdaCompanionDxCount", count.to_string());
            }
        } else {
            let status = self.choose(&UNAPPROVED);
            self.text("fdaStatus", status);
        }
        if self.has(50) {
            self.text("clinicalAvailability", "Commercially available");
        }
    }

    fn add_tail(&mut self) {
        if self.has(90) {
            let payment = self.choose(&PAYMENTS);
            self.text("reimbursement", payment);
        }
        let publications = self.between(0, 80);
        self.raw("numPublications", publications.to_string());
        if self.has(8) {
            let name = encode_text("A. Person");
            self.raw("submissionInfo", format!("{{\n      \"submitter\": {name},\n      \"verified\": true\n    }}"));
        }
        // Keys stand in another order in almost every record; the id stays in front.
        for at in 2..self.members.len() {
            if self.random.below(5) == 0 {
                self.members.swap(at - 1, at);
            }
        }
    }

    fn into_text(self) -> String {
        let members: Vec<String> =
            self.members.iter().map(|(key, value)| format!("    {}: {value}", encode_text(key))).collect();
        format!("{{\n{}\n  }}", members.join(",\n"))
    }
}

/// Converts tenths to a number.
fn tenths(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX)) / 10.0
}

/// Returns a product's name: another one for every number.
fn product_name(record: i64, category: &str) -> String {
    let base = SYLLABLES.len() as u64;
    // An odd factor that shares nothing with the base goes through all numbers before it repeats one.
    let mut rest = record.unsigned_abs().wrapping_mul(2_654_435) % base.pow(5);
    let mut name = String::new();
    for _ in 0..5 {
        let at = usize::try_from(rest % base).unwrap_or(0);
        name.push_str(SYLLABLES.get(at).copied().unwrap_or_default());
        rest /= base;
    }
    // No syllable begins another, so that different numbers never give one name.
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter().collect::<String>();
    format!("{first}{} {}", letters.as_str(), category.to_uppercase())
}
