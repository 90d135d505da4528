//! The colours of every role on dark and on light backgrounds, and the modifiers used without colour.

use ratatui::style::{Modifier, Style};

use super::Role;

/// Returns the modifier that a role has in coloured themes too.
pub(super) const fn emphasis(role: Role) -> Modifier {
    match role {
        Role::Title | Role::Heading | Role::Key | Role::Danger | Role::Cursor | Role::Focus => Modifier::BOLD,
        _ => Modifier::empty(),
    }
}

/// Returns foreground and background of a role for dark terminals; `None` keeps the terminal's own.
pub(super) const fn dark_colours(role: Role) -> (Option<u8>, Option<u8>) {
    match role {
        Role::Text | Role::Title => (None, None),
        Role::Dim | Role::Same => (Some(248), None),
        Role::Heading | Role::Key | Role::Focus => (Some(117), None),
        Role::Selected => (Some(231), Some(24)),
        Role::Off | Role::Border => (Some(245), None),
        Role::Good => (Some(79), None),
        Role::Note | Role::Before => (Some(75), None),
        Role::Warning => (Some(221), None),
        Role::Danger => (Some(209), None),
        Role::After => (Some(215), None),
        Role::Limit => (Some(176), None),
        Role::Cursor => (Some(16), Some(221)),
        Role::Bar => (Some(253), Some(237)),
    }
}

/// Returns foreground and background of a role for light terminals; `None` keeps the terminal's own.
pub(super) const fn light_colours(role: Role) -> (Option<u8>, Option<u8>) {
    match role {
        Role::Text | Role::Title => (None, None),
        Role::Dim | Role::Same => (Some(240), None),
        Role::Heading | Role::Key | Role::Focus => (Some(24), None),
        Role::Selected => (Some(16), Some(153)),
        Role::Off | Role::Border => (Some(242), None),
        Role::Good => (Some(23), None),
        Role::Note | Role::Before => (Some(25), None),
        Role::Warning => (Some(58), None),
        Role::Danger => (Some(124), None),
        Role::After => (Some(94), None),
        Role::Limit => (Some(90), None),
        Role::Cursor => (Some(16), Some(214)),
        Role::Bar => (Some(16), Some(253)),
    }
}

/// Returns the style of a role without colours.
pub(super) const fn plain_style(role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Text | Role::Same | Role::Good => style,
        Role::Dim | Role::Off | Role::Border => style.add_modifier(Modifier::DIM),
        Role::Title | Role::Key | Role::Focus | Role::After | Role::Warning => style.add_modifier(Modifier::BOLD),
        Role::Note | Role::Before | Role::Limit => style.add_modifier(Modifier::UNDERLINED),
        Role::Heading => style.add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED)),
        Role::Danger => style.add_modifier(Modifier::BOLD.union(Modifier::REVERSED)),
        Role::Selected | Role::Cursor | Role::Bar => style.add_modifier(Modifier::REVERSED),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;
    use crate::tui::theme::{Appearance, Glyphs, Theme};

    /// Backgrounds that terminals come with: black, Visual Studio Code, One Dark, Solarized dark.
    const DARK: [u32; 4] = [0x00_0000, 0x1e_1e1e, 0x28_2c34, 0x00_2b36];
    /// White, GNOME's, GitHub's, Solarized light.
    const LIGHT: [u32; 4] = [0xff_ffff, 0xfa_fafa, 0xf6_f8fa, 0xfd_f6e3];

    type Rgb = [f64; 3];

    /// What every terminal makes of a colour from 16 up.
    fn indexed_rgb(index: u8) -> Rgb {
        assert!(index >= 16, "the first sixteen colours are not fixed");
        if index >= 232 {
            return [f64::from(8 + (u32::from(index) - 232) * 10) / 255.0; 3];
        }
        let at = u32::from(index) - 16;
        [at / 36, at / 6 % 6, at % 6].map(|step| if step == 0 { 0.0 } else { f64::from(55 + 40 * step) / 255.0 })
    }

    fn rgb_from_hex(colour: u32) -> Rgb {
        [16, 8, 0].map(|shift| f64::from(colour >> shift & 0xff) / 255.0)
    }

    fn to_linear(colour: Rgb) -> Rgb {
        colour.map(|part| if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) })
    }

    /// WCAG's contrast of two colours: 1 to 21.
    fn contrast_ratio(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        (one / other).max(other / one)
    }

    /// WCAG's relative luminance: 0 to 1.
    fn luminance(colour: Rgb) -> f64 {
        let [r, g, b] = to_linear(colour);
        0.2126_f64.mul_add(r, 0.7152_f64.mul_add(g, 0.0722 * b))
    }

    /// What is left of a colour without the cones for red, or without those for green (Vienot, Brettel, Mollon 1999).
    fn simulate_colour_blindness(colour: Rgb, without_red: bool) -> Rgb {
        let [r, g, b] = to_linear(colour);
        let (red, blue) = if without_red {
            (0.112_38 * r + 0.887_62 * g, 0.004_01 * r - 0.004_01 * g + b)
        } else {
            (0.292_75 * r + 0.707_25 * g, -0.022_34 * r + 0.022_34 * g + b)
        };
        [red, red, blue].map(|part| part.max(0.0).powf(1.0 / 2.4))
    }

    fn role_colours(look: Appearance, role: Role) -> (Option<Rgb>, Option<Rgb>) {
        let rgb = |colour: Option<Color>| match colour {
            Some(Color::Indexed(index)) => Some(indexed_rgb(index)),
            None => None,
            Some(other) => panic!("{role:?} has {other:?}, which terminals show as they like"),
        };
        let style = look.style(role);
        (rgb(style.fg), rgb(style.bg))
    }

    #[test]
    fn every_colour_stands_out_from_usual_backgrounds() {
        for (theme, backgrounds) in [(Theme::Dark, DARK), (Theme::Light, LIGHT)] {
            let look = Appearance { theme, glyphs: Glyphs::Unicode };
            for role in Role::ALL {
                let (Some(front), back) = role_colours(look, role) else { continue };
                let worst = back.map_or_else(
                    || {
                        backgrounds
                            .map(|back| contrast_ratio(front, rgb_from_hex(back)))
                            .into_iter()
                            .fold(21.0, f64::min)
                    },
                    |back| contrast_ratio(front, back),
                );
                // Disabled commands need not be read, and frames are not text.
                let enough = if [Role::Off, Role::Border].contains(&role) { 3.0 } else { 4.5 };
                assert!(worst >= enough, "{theme:?} {role:?}: {worst:.2}");
            }
        }
    }

    #[test]
    fn opposites_stay_apart_for_eyes_without_red_or_green() {
        let pairs = [(Role::Before, Role::After), (Role::Good, Role::Danger), (Role::Note, Role::Danger)];
        for theme in [Theme::Dark, Theme::Light] {
            let look = Appearance { theme, glyphs: Glyphs::Unicode };
            for (one, other) in pairs {
                for without_red in [true, false] {
                    let a = simulate_colour_blindness(role_colours(look, one).0.unwrap(), without_red);
                    let b = simulate_colour_blindness(role_colours(look, other).0.unwrap(), without_red);
                    let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(apart > 0.25, "{theme:?} {one:?} {other:?} without red {without_red}: {apart:.2}");
                }
            }
        }
    }
}
