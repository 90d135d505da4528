//! The options of requests, by the names of their fields. The command line, the agents' tools and the forms derive
//! their own spelling from these.

use serde::{Serialize, Serializer};

// One list makes the enum, the list of all options and their names, so that none can be forgotten.
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
            /// Every option that does not belong to a mode or a domain.
            pub const ALL: &[Self] = &[$(Self::$flag,)*];

            /// Returns the name of its field, in snake case.
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
    /// Overwrite what others wrote.
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
    /// The target that a replay writes to.
    Onto = "onto",
    /// The journal.
    Journal = "journal",
    /// The domain of a target.
    Domain = "domain",
    /// The name of a target, or of a detector.
    Name = "name",
    /// The sign of a live system that is overridden.
    Override = "override",
    /// Another journal, whose operations the target may hold.
    BesideJournal = "beside_journal",
    /// The host to which a login may be sent unencrypted.
    UnencryptedLogin = "unencrypted_login",
    /// The file itself instead of a copy.
    InPlace = "in_place",
    /// The statement that a target was moved.
    Moved = "moved",
    /// Consent given in advance.
    Yes = "yes",
    /// The name to type as consent, given in advance.
    Confirm = "confirm",
    /// Only show what would be done.
    DryRun = "dry_run",
    /// How deep an audit goes.
    Depth = "depth",
    /// The operation that a statement is about.
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
    /// The way in which a command's output is judged.
    Judge = "judge",
    /// A command under test.
    Command = "command",
    /// A command under test, with its name.
    Detector = "detector",
    /// The variants whose sizes are swept over.
    Sweep = "sweep",
    /// The sizes of a sweep.
    Sizes = "sizes",
    /// Pass the password on to the command.
    WithPassword = "with_password",
    /// The earlier result to compare with.
    Baseline = "baseline",
    /// The file to which a baseline is written.
    WriteBaseline = "write_baseline",
    /// Show what identifies people.
    IncludePhi = "include_phi",
}

impl Flag {
    /// Returns a parameter of a mode, or a filter, by its name.
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
