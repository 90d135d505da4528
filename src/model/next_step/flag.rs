//! The options of requests, by the names of their fields: the command line, agents' tools and forms all derive theirs.

use serde::{Serialize, Serializer};

macro_rules! flags {
    ($($(#[$about:meta])* $flag:ident = $name:literal,)*) => {
        /// An option of a request.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Flag {
            $($(#[$about])* $flag,)*
            /// A parameter of a mode, or a filter of a domain, by its name.
            Parameter(String),
        }

        impl Flag {
            /// Every option that is no mode's.
            pub const ALL: &[Self] = &[$(Self::$flag,)*];

            /// Returns the name of its field.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$flag => $name,)*
                    Self::Parameter(name) => name,
                }
            }
        }
    };
}

flags! {
    /// Take the later operations back first.
    Cascade = "cascade",
    /// Put back only the rows that are not in conflict.
    SkipConflicts = "skip_conflicts",
    /// Overwrite what somebody else wrote.
    Force = "force",
    /// Switch triggers off for the transaction.
    DisableTriggers = "disable_triggers",
    /// How many rows an operation may change.
    MaxRows = "max_rows",
    /// How many records to choose.
    Sample = "sample",
    /// Every record, or every operation.
    All = "all",
    /// The newest operation.
    Last = "last",
    /// Operations by their numbers.
    Operations = "operations",
    /// The variant of a mode.
    Variant = "variant",
    /// The target, by its name or its URL.
    Target = "target",
    /// Where a replay goes to.
    Onto = "onto",
    /// The journal.
    Journal = "journal",
    /// The domain of a target.
    Domain = "domain",
    /// The name of a target, or of a detector.
    Name = "name",
    /// The sign of a live system that is overruled.
    Override = "override",
    /// The other journal whose operations are worked beside.
    BesideJournal = "beside_journal",
    /// The host to which a login may go unencrypted.
    UnencryptedLogin = "unencrypted_login",
    /// The file itself, and no copy of it.
    InPlace = "in_place",
    /// The word that a target was moved.
    Moved = "moved",
    /// Consent, given ahead.
    Yes = "yes",
    /// The name that a person would type, given ahead.
    Confirm = "confirm",
    /// Only show what would be done.
    DryRun = "dry_run",
    /// How deep an audit goes.
    Depth = "depth",
    /// The operation that a word is about.
    Op = "op",
    /// The checks to run.
    Only = "only",
    /// The first entry of an export.
    From = "from",
    /// The file to which a result is written.
    Output = "output",
    /// The form of a result.
    As = "as",
    /// The last day of a lab.
    Until = "until",
    /// The scenario of a lab.
    Scenario = "scenario",
    /// How many patients a lab has.
    Patients = "patients",
    /// How a command's answer is judged.
    Judge = "judge",
    /// A command under test.
    Command = "command",
    /// A command under test, with its name.
    Detector = "detector",
    /// Hand the password on to the command.
    WithPassword = "with_password",
    /// The earlier result to compare with.
    Baseline = "baseline",
    /// The file to which a baseline is written.
    WriteBaseline = "write_baseline",
    /// Show what identifies people.
    IncludePhi = "include_phi",
}

impl Flag {
    /// Returns the parameter of a mode.
    #[must_use]
    pub fn parameter(name: &str) -> Self {
        Self::Parameter(name.to_owned())
    }
}

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
