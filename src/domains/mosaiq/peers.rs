//! Numbers of many records, kept so that each is compared with all others in little time. Knows no table.

use std::collections::BTreeMap;

use super::geometry::{Span, is_same_angle, turn_between};
use super::lookup::LookupId;

/// Numbers in ascending order.
#[derive(Debug, Default)]
pub(super) struct SortedPeers(Vec<f64>);

impl SortedPeers {
    pub(super) fn of_numbers(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        Self(numbers)
    }

    /// Returns how many others there are beside one of the numbers.
    pub(super) const fn others(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// Returns a number by its place among the others of one of the numbers.
    pub(super) fn nth_other(&self, own: f64, at: usize) -> Option<f64> {
        let place = self.0.partition_point(|number| number.total_cmp(&own).is_lt());
        self.0.get(if at < place { at } else { at + 1 }).copied()
    }

    /// Returns the median of the others, the lower one of two.
    pub(super) fn median_of_others(&self, own: f64) -> Option<f64> {
        self.nth_other(own, self.others().saturating_sub(1) / 2)
    }
}

/// The range of a number over the records of many prescriptions, without those of any one of them.
#[derive(Debug, Default)]
pub(super) struct PeerRange<'f> {
    count: usize,
    sites: BTreeMap<&'f LookupId, usize>,
    /// The least and the largest numbers of the two prescriptions that have these: without either, the other counts.
    least: [Option<(f64, &'f LookupId)>; 2],
    most: [Option<(f64, &'f LookupId)>; 2],
}

impl<'f> PeerRange<'f> {
    pub(super) fn add_number(&mut self, site: &'f LookupId, number: f64) {
        self.count += 1;
        *self.sites.entry(site).or_default() += 1;
        put_first(&mut self.least, site, number, |new, known| new < known);
        put_first(&mut self.most, site, number, |new, known| new > known);
    }

    /// Returns the number of records of other prescriptions, and their range.
    pub(super) fn without_site(&self, site: &LookupId) -> Option<(usize, Span)> {
        let count = self.count - self.sites.get(site).copied().unwrap_or_default();
        let other = |ends: &[Option<(f64, &LookupId)>; 2]| {
            ends.iter().flatten().find(|(_, of)| *of != site).map(|(number, _)| *number)
        };
        Some((count, Span { least: other(&self.least)?, most: other(&self.most)? }))
    }
}

/// Puts a number into its place, so that the first and the second are of two prescriptions.
fn put_first<'f>(
    [first, second]: &mut [Option<(f64, &'f LookupId)>; 2],
    site: &'f LookupId,
    number: f64,
    is_before: impl Fn(f64, f64) -> bool,
) {
    let is_new = |place: &Option<(f64, &LookupId)>| place.is_none_or(|(known, _)| is_before(number, known));
    if is_new(first) {
        let earlier = first.replace((number, site));
        if earlier.is_some_and(|(_, of)| of != site) {
            *second = earlier;
        }
    } else if first.is_some_and(|(_, of)| of != site) && is_new(second) {
        *second = Some((number, site));
    }
}

/// How often each angle is used in a group of fields, such as those of a machine.
#[derive(Debug)]
pub(super) struct UsedAngles<'f, K> {
    groups: BTreeMap<K, GroupAngles<'f>>,
}

impl<K> Default for UsedAngles<'_, K> {
    fn default() -> Self {
        Self { groups: BTreeMap::new() }
    }
}

#[derive(Debug, Default)]
struct GroupAngles<'f> {
    /// Angles in hundredths of a degree, with the owners that have each.
    angles: BTreeMap<i64, AngleOwners<'f>>,
    fields: usize,
    /// Number of fields of every owner.
    owners: BTreeMap<&'f LookupId, usize>,
}

/// The first owner of an angle, and whether there is another.
#[derive(Debug)]
struct AngleOwners<'f> {
    first: &'f LookupId,
    has_other: bool,
    fields: usize,
}

/// What the fields of other owners say about an angle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OtherAngles {
    /// Number of fields.
    pub(super) count: usize,
    /// Number of owners: fields of one owner are planned together, and tell no more than one of them.
    pub(super) owners: usize,
    /// Number of different angles that they have.
    pub(super) angles: usize,
    /// The nearest of their angles, degrees.
    pub(super) nearest: f64,
}

impl<'f, K: Ord> UsedAngles<'f, K> {
    /// Adds a field's angle. The owner is what a field is not compared within, such as its prescription.
    pub(super) fn add_field(&mut self, group: K, owner: &'f LookupId, degrees: f64) {
        let known = self.groups.entry(group).or_default();
        known.fields += 1;
        *known.owners.entry(owner).or_default() += 1;
        #[expect(clippy::cast_possible_truncation, reason = "angles are small; an impossible one saturates")]
        let hundredths = (degrees * 100.0).round() as i64;
        let owners =
            known.angles.entry(hundredths).or_insert(AngleOwners { first: owner, has_other: false, fields: 0 });
        owners.fields += 1;
        owners.has_other |= owners.first != owner;
    }

    /// Returns the number of fields of a group.
    pub(super) fn count_fields(&self, group: &K) -> usize {
        self.groups.get(group).map_or(0, |known| known.fields)
    }

    /// Returns the number of fields of a group, less one, whose angle is another than this, by more than half a degree.
    pub(super) fn count_others_than(&self, group: &K, degrees: f64) -> usize {
        let Some(known) = self.groups.get(group) else { return 0 };
        #[expect(clippy::cast_precision_loss, reason = "hundredths of a degree")]
        let is_other = |hundredths: i64| !is_same_angle(hundredths as f64 / 100.0, degrees, 0.5);
        let others = known.angles.iter().filter(|(hundredths, _)| is_other(**hundredths));
        // The one that is judged may be the only one.
        others.map(|(_, owners)| owners.fields).sum::<usize>().saturating_sub(1)
    }

    /// Compares an angle with those that other owners have in the group; `None` if there is none.
    pub(super) fn find_others(&self, group: &K, owner: &LookupId, degrees: f64) -> Option<OtherAngles> {
        let known = self.groups.get(group)?;
        let own = known.owners.get(owner).copied().unwrap_or_default();
        let owners = known.owners.len() - usize::from(own > 0);
        let others = known.angles.iter().filter(|(_, owners)| owners.has_other || owners.first != owner);
        let angles = others.clone().count();
        #[expect(clippy::cast_precision_loss, reason = "hundredths of a degree")]
        let nearest = others
            .map(|(hundredths, _)| *hundredths as f64 / 100.0)
            .min_by(|one, other| turn_between(degrees, *one).abs().total_cmp(&turn_between(degrees, *other).abs()))?;
        Some(OtherAngles { count: known.fields - own, owners, angles, nearest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::mosaiq::geometry::find_median;

    #[test]
    fn an_angle_is_compared_with_those_of_others_alone() {
        let [one, two] = [1, 2].map(LookupId::Number);
        let mut used = UsedAngles::default();
        for (owner, degrees) in [(&one, 0.0), (&one, 90.0), (&two, 0.0), (&two, 359.0)] {
            used.add_field(9, owner, degrees);
        }
        for (owner, degrees, nearest) in
            [(&one, 90.0, 0.0), (&two, 90.5, 90.0), (&one, 359.25, 359.0), (&two, 44.0, 0.0)]
        {
            assert_eq!(
                used.find_others(&9, owner, degrees),
                Some(OtherAngles { count: 2, owners: 1, angles: 2, nearest }),
                "{degrees}"
            );
        }
        assert_eq!(used.find_others(&8, &one, 0.0), None);
        assert_eq!(
            (used.count_fields(&9), used.count_others_than(&9, 0.0), used.count_others_than(&8, 0.0)),
            (4, 1, 0)
        );
    }

    #[test]
    fn each_number_is_compared_with_all_others() {
        let numbers = [4.0, 1.0, 4.0, 2.0, 9.0, -3.0];
        let peers = SortedPeers::of_numbers(numbers);
        for (at, own) in numbers.iter().enumerate() {
            let mut others: Vec<f64> =
                numbers.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, number)| *number).collect();
            assert_eq!(peers.median_of_others(*own), find_median(&mut others), "{own}");
            assert_eq!((peers.others(), peers.nth_other(*own, 4)), (5, others.last().copied()), "{own}");
        }
        assert_eq!(SortedPeers::default().median_of_others(1.0), None);
        assert_eq!(SortedPeers::of_numbers([1.0]).median_of_others(1.0), None);
    }

    #[test]
    fn a_range_leaves_one_prescription_out() {
        let sites = [1, 2, 3].map(LookupId::Number);
        let numbers = [(0, 5.0), (1, 5.0), (0, 9.0), (2, -4.0), (1, 12.0), (2, 3.0), (1, 0.0), (0, -4.0), (1, -9.0)];
        for rotation in 0..numbers.len() {
            let mut order = numbers;
            order.rotate_left(rotation);
            let mut range = PeerRange::default();
            for (site, number) in order {
                range.add_number(&sites[site], number);
            }
            for (at, site) in sites.iter().enumerate() {
                let others = || order.iter().filter(|(of, _)| *of != at).map(|(_, number)| *number);
                let span = Span::of_numbers(others()).unwrap();
                assert_eq!(range.without_site(site), Some((others().count(), span)), "{at} {rotation}");
            }
        }
        let mut single = PeerRange::default();
        single.add_number(&sites[0], 1.0);
        assert_eq!(single.without_site(&sites[0]), None);
    }
}
