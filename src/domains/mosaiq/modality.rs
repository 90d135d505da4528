//! Rays and energy in the text of a prescription: `x06`, `x10FFF`, `e09`, `6 MV x`, `9 MeV e`, `Electrons`.

/// The rays of a beam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Particle {
    Photons,
    Electrons,
}

impl Particle {
    /// Returns the rays of a Modality_Enum: 2 electrons, otherwise X-rays.
    pub(super) const fn from_number(number: i64) -> Self {
        if number == 2 { Self::Electrons } else { Self::Photons }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Photons => "X-rays",
            Self::Electrons => "electrons",
        }
    }
}

/// What a text orders, as far as it can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OrderedBeam {
    pub(super) particle: Option<Particle>,
    /// MV or MeV.
    pub(super) energy: Option<u32>,
    /// Whether it names a beam without a flattening filter.
    pub(super) is_unflattened: bool,
}

impl OrderedBeam {
    /// Reads Site.Modality.
    pub(super) fn from_text(text: &str) -> Self {
        let text = text.to_lowercase();
        let digits: String =
            text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let is_unflattened = text.contains("fff");
        let words = text.replace("fff", "");
        let letters: String = words.chars().filter(char::is_ascii_alphabetic).collect();
        let particle = if letters.contains("mev") || letters.contains("elec") || letters == "e" {
            Some(Particle::Electrons)
        } else if letters.contains("mv") || letters.contains('x') || letters.contains("phot") {
            Some(Particle::Photons)
        } else {
            None
        };
        let energy = digits.parse().ok().filter(|energy| *energy > 0 && particle.is_some());
        Self { particle, energy, is_unflattened }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_spellings_are_read() {
        let (x, e) = (Some(Particle::Photons), Some(Particle::Electrons));
        for (text, particle, energy, is_unflattened) in [
            ("x06", x, Some(6), false),
            ("x18       ", x, Some(18), false),
            ("x10FFF", x, Some(10), true),
            ("6 MV x FFF", x, Some(6), true),
            ("6X-FFF", x, Some(6), true),
            ("x06MV", x, Some(6), false),
            ("15MV", x, Some(15), false),
            ("Xrays", x, None, false),
            ("e09", e, Some(9), false),
            ("9 MeV e", e, Some(9), false),
            ("12E", e, Some(12), false),
            ("Electrons", e, None, false),
            ("Elect", e, None, false),
            ("Ir-192", None, None, false),
            ("", None, None, false),
        ] {
            assert_eq!(OrderedBeam::from_text(text), OrderedBeam { particle, energy, is_unflattened }, "{text}");
        }
    }
}
