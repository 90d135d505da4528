//! Positions of leaf pairs across a field, from the model of the collimator or guessed from their number.

use crate::domain::picture::LeafEdges;
use crate::domains::mosaiq::rules::MlcModel;

/// Returns the edges of the pairs, and where they are known from. No column holds them.
pub(super) fn leaf_widths(pairs: usize, model: Option<MlcModel>) -> LeafEdges {
    let known = match model {
        Some(MlcModel::Mlci) => 40,
        Some(MlcModel::Millennium) => 60,
        Some(MlcModel::Agility) => 80,
        None => 0,
    };
    let told = match pairs {
        0 => String::new(),
        _ if pairs == known => "leaf widths of the model that the rules name".to_owned(),
        40 | 60 | 80 => format!("leaf widths guessed from the number of pairs, {pairs}"),
        _ => "leaf widths unknown, drawn as equal".to_owned(),
    };
    LeafEdges { edges: leaf_edges(pairs), told }
}

/// Returns the edges in 1/100 cm: 40 pairs of 1 cm; 60 with 40 of 0.5 cm between outer ones of 1 cm; 80 of 0.5 cm.
/// Empty for any other number.
fn leaf_edges(pairs: usize) -> Vec<i32> {
    let widths = match pairs {
        40 => vec![100; 40],
        60 => [vec![100; 10], vec![50; 40], vec![100; 10]].concat(),
        80 => vec![50; 80],
        _ => return Vec::new(),
    };
    let mut edge = -widths.iter().sum::<i32>() / 2;
    let mut edges = vec![edge];
    for width in widths {
        edge += width;
        edges.push(edge);
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_collimators_are_symmetric_and_others_have_no_edges() {
        for pairs in [40, 60, 80] {
            let edges = leaf_widths(pairs, None).edges;
            assert_eq!((edges.len(), edges[0], edges[pairs], edges[pairs / 2]), (pairs + 1, -2000, 2000, 0), "{pairs}");
        }
        assert_eq!(leaf_widths(60, None).edges[9..12], [-1100, -1000, -950]);
        assert_eq!(
            leaf_widths(29, None),
            LeafEdges { edges: Vec::new(), told: "leaf widths unknown, drawn as equal".into() }
        );
        assert_eq!(leaf_widths(80, Some(MlcModel::Agility)).told, "leaf widths of the model that the rules name");
        assert!(leaf_widths(79, Some(MlcModel::Agility)).edges.is_empty());
    }
}
