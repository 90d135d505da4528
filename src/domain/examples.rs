//! Examples of a domain, for help, demo and prompts: arguments that work when typed as they are.

/// The words that examples are built from.
#[derive(Debug)]
pub struct Examples {
    /// A tool that commits a fault: the second word of `mfm apply`.
    pub tool: &'static str,
    /// The id of its mode.
    pub mode: &'static str,
    /// A variant of that mode.
    pub variant: &'static str,
    /// Command-line arguments with which it breaks one record.
    pub arguments: &'static str,
    /// Another mode's tool, and one of its variants.
    pub other: (&'static str, &'static str),
    /// Command-line filters that leave some of its records.
    pub filters: &'static str,
    /// The kind of record that it breaks, by its word.
    pub kind: &'static str,
    /// One command-line filter that leaves records that it can break.
    pub filter: &'static str,
    /// The kinds of record and the filters for them, in a sentence.
    pub records: &'static str,
    /// What the filters mean, in a paragraph.
    pub filters_about: &'static str,
    /// Examples of arguments of `mfm find`.
    pub find: &'static [&'static str],
}

/// A published study of how many such faults people find.
#[derive(Debug)]
pub struct DetectionStudy {
    /// The number of faults that were found.
    pub hits: u64,
    /// The number of faults that were there.
    pub of: u64,
    /// The publication.
    pub source: &'static str,
}

/// A workflow for an agent; `{target}` in its text is replaced by the target's name.
#[derive(Debug)]
pub struct PromptCard {
    /// Its name, in snake case.
    pub name: &'static str,
    /// Its title, in a few words.
    pub title: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// The prompt itself.
    pub text: &'static str,
}
