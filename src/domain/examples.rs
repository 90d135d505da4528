//! Examples of a domain, for help, demo and prompts: words that somebody can type and get something sensible.

/// What examples are made of.
#[derive(Debug)]
pub struct Examples {
    /// A tool that commits a fault.
    pub tool: &'static str,
    /// Its mode.
    pub mode: &'static str,
    /// A variant of it.
    pub variant: &'static str,
    /// Arguments under which it breaks one record.
    pub arguments: &'static str,
    /// Another mode, and one of its variants.
    pub other: (&'static str, &'static str),
    /// Filters that leave some of its records.
    pub filters: &'static str,
    /// The word of the kind of record that it breaks.
    pub kind: &'static str,
    /// A filter that leaves records that it can break.
    pub filter: &'static str,
    /// The kinds of record, and what narrows them, in a sentence.
    pub records: &'static str,
    /// What the filters mean, in a paragraph.
    pub filters_about: &'static str,
    /// What to look for, as arguments of `mfm find`.
    pub find: &'static [&'static str],
}

/// How often people find such faults, as somebody measured and published it.
#[derive(Debug)]
pub struct DetectionStudy {
    /// How many were found.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
    /// Who measured it, where.
    pub source: &'static str,
}

/// A workflow that an agent is asked to carry out; `{target}` stands for the target.
#[derive(Debug)]
pub struct PromptCard {
    /// Its name.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// What is asked.
    pub text: &'static str,
}
