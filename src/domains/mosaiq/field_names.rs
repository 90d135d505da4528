//! The angles that names of fields say: `G270`, `PORTAL G90`, `RT BREAST 132`, `AP`.

/// A number in a name that may be an angle.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NamedAngle {
    /// The column of the name.
    pub(super) column: &'static str,
    /// The way of naming: the letters before the number, and its place from the end. Fields named in the same way say
    /// the same thing by their numbers.
    pub(super) way: String,
    pub(super) degrees: f64,
}

/// Words that are angles by themselves, degrees, for a patient on the back, head first.
const WORDS: [(&str, f64); 2] = [("AP", 0.0), ("PA", 180.0)];

/// Returns every number from 0 to 360 in a name, and every word that is an angle.
pub(super) fn read_angles(column: &'static str, name: &str) -> Vec<NamedAngle> {
    let mut angles = Vec::new();
    let words: Vec<String> = name
        .split(|mark: char| !mark.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect();
    for (back, word) in words.iter().rev().enumerate() {
        if let Some((_, degrees)) = WORDS.iter().find(|(known, _)| *known == word.as_str()) {
            angles.push(NamedAngle { column, way: format!("{column} {word}"), degrees: *degrees });
            continue;
        }
        let letters = word.trim_end_matches(|mark: char| mark.is_ascii_digit());
        let digits = word.strip_prefix(letters).unwrap_or_default();
        let Some(number) = digits.parse::<u16>().ok().filter(|number| *number <= 360 && digits.len() <= 3) else {
            continue;
        };
        // A bare number means something by its place: `AXILLA 3 270`.
        let place = if letters.is_empty() { format!("#{back}") } else { String::new() };
        angles.push(NamedAngle { column, way: format!("{column} {letters}{place}"), degrees: f64::from(number) });
    }
    angles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_the_way_they_are_written() {
        let list = |name: &str| {
            read_angles("Field_Name", name).into_iter().map(|one| (one.way, one.degrees)).collect::<Vec<_>>()
        };
        assert_eq!(list("PORTAL G270"), [("Field_Name G".to_owned(), 270.0)]);
        assert_eq!(list("Breast L 132"), [("Field_Name #0".to_owned(), 132.0)]);
        assert_eq!(list("AP CHEST"), [("Field_Name AP".to_owned(), 0.0)]);
        assert_eq!(list("Arc 1 from G181").len(), 2);
        assert_eq!(list("14CP large, 0.5, 1234").len(), 2);
        assert_eq!(list(""), []);
    }
}
