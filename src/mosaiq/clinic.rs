//! What a live clinic's database looks like from outside: names that no test copy needs; looks at none itself.

/// The name that the vendor's installation gives the database.
pub const DATABASE: &str = "mosaiq";

/// Parts of the names under which programs of a clinic connect: the record-and-verify system, its interfaces and the
/// treatment console.
const PROGRAMS: [&str; 7] = ["mosaiq", "impac", "elekta", "multi-access", "multiaccess", "sequencer", "iqscripts"];

/// Tells whether a program belongs to a clinic at work, by the name under which it connects.
#[must_use]
pub fn is_clinical(program: &str) -> bool {
    let program = program.to_lowercase();
    PROGRAMS.iter().any(|part| program.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_by_their_names() {
        for name in ["MOSAIQ", "Elekta MOSAIQ Sequencer", "IMPAC Interface Engine", "Multi-ACCESS"] {
            assert!(is_clinical(name), "{name}");
        }
        for name in ["", "mfm", "Microsoft SQL Server Management Studio", "pymssql=2.3", ".Net SqlClient Data Provider"]
        {
            assert!(!is_clinical(name), "{name}");
        }
    }
}
