use proptest::prelude::*;

use super::*;
use crate::domain::organisation::CareSetting;
use crate::engine::test_register::{code, organisation, register};

fn snapshot_of(known: &[Known]) -> Snapshot {
    let built = known.iter().enumerate().map(|(i, values)| {
        let mut one = organisation(&format!("R{i:03}"));
        for (attribute, value) in CONTEXT.into_iter().zip(values) {
            one = match (attribute, value) {
                (_, None) => one,
                (Attribute::DigitalMaturity, Some(value)) => {
                    one.with_maturity(CareSetting::Acute, *value)
                }
                (_, Some(value)) => one.with(attribute, *value),
            };
        }
        one
    });
    Snapshot::new(&register(&built.collect::<Vec<_>>()))
}

/// Two kinds of hospitals, large urban and small rural ones, `n` of each in turn, all a little different.
fn two_kinds(n: usize) -> Vec<Known> {
    (0..2 * n)
        .map(|i| {
            let shift = f64::from(index(i / 2)) * 0.001;
            let (staff, deprivation, maturity, urban) = match i % 2 {
                0 => (12_000.0, 30.0, 3.0, 0.9),
                _ => (3_000.0, 12.0, 2.0, 0.2),
            };
            [
                Some(staff * (1.0 + shift)),
                Some(deprivation + shift),
                Some(maturity + shift),
                Some(urban - shift),
                None,
                None,
                None,
            ]
        })
        .collect()
}

/// As the columns keep it, of organisations that can be asked everything.
fn transformed(known: &[Known]) -> Vec<Context> {
    known
        .iter()
        .map(|values| {
            let mut values = *values;
            for (at, value) in values.iter_mut().enumerate() {
                if is_compared_by_logarithm(CONTEXT[at]) {
                    *value = value.map(f64::log10);
                }
            }
            Context {
                known: values,
                n_asked: 7,
            }
        })
        .collect()
}

#[test]
fn two_kinds_make_two_groups_the_one_with_more_staff_first() {
    let known = transformed(&two_kinds(8));
    let grouping = Grouping::of(&known, SEED);
    assert_eq!(grouping.groups.len(), 2);
    for (row, group) in grouping.group_of.iter().enumerate() {
        assert_eq!(*group, Some(GroupNumber(u8::from(row % 2 == 1))), "{row}");
    }
    let best = &grouping.tried[0];
    assert_eq!((best.n_groups, best.smallest), (2, 8));
    assert!(best.silhouette > 0.95, "{best:?}");
    let words = grouping.groups[0].traits();
    assert!(words.contains(&"more staff"), "{words:?}");
    let means = &grouping.groups[1].means;
    let staff = means.iter().find(|m| m.attribute == Attribute::StaffFte);
    let geometric = (0..8)
        .map(|i| (3_000.0 * (1.0 + f64::from(i) * 0.001)).ln())
        .sum::<f64>()
        / 8.0;
    assert!((staff.unwrap().mean - geometric.exp()).abs() < 1e-6);
}

#[test]
fn the_first_axis_of_two_kinds_holds_nearly_everything_and_sets_them_apart() {
    let grouping = Grouping::of(&transformed(&two_kinds(8)), SEED);
    assert!(grouping.explained[0] > 0.99, "{:?}", grouping.explained);
    assert!(grouping.explained.iter().sum::<f64>() <= 1.0 + 1e-12);
    let length = |axis: usize| grouping.axes.row(axis).dot(&grouping.axes.row(axis));
    assert!((length(0) - 1.0).abs() < 1e-9 && (length(1) - 1.0).abs() < 1e-9);
    assert!(grouping.axes.row(0).dot(&grouping.axes.row(1)).abs() < 1e-9);
}

#[test]
fn whoever_is_small_or_little_known_is_not_told_of() {
    // Three far from all others, and one of whom next to nothing is recorded.
    let mut known = two_kinds(8);
    for i in 0..3 {
        let mut far = known[0];
        far[0] = Some(900_000.0 + f64::from(i));
        far[1] = Some(99.0);
        known.push(far);
    }
    let mut little = known[0];
    little[2] = None;
    little[3] = None;
    known.push(little);
    let grouping = Grouping::of(&transformed(&known), SEED);
    assert_eq!(grouping.group_of[19], None);
    assert!(grouping.groups.iter().all(|group| !group.is_small()));
    assert_eq!(grouping.group_of.iter().flatten().count(), 19);
}

/// Seven alike and three far from them: in any number of groups one has fewer than five.
fn with_small_groups_only() -> Vec<Known> {
    let mut known: Vec<Known> = two_kinds(7).into_iter().step_by(2).collect();
    for i in 0..3 {
        let mut far = known[0];
        far[0] = Some(900_000.0 + f64::from(i));
        far[1] = Some(99.0);
        known.push(far);
    }
    known
}

#[test]
fn where_every_grouping_has_a_small_group_there_are_none() {
    let known = with_small_groups_only();
    let grouping = Grouping::of(&transformed(&known), SEED);
    assert!(grouping.groups.is_empty());
    let snapshot = snapshot_of(&known);
    let overview = overview(&snapshot);
    assert_eq!(
        (
            overview.n_grouped,
            overview.groups.len(),
            overview.points.len()
        ),
        (0, 0, 0)
    );
    let found = peers(&snapshot, code("R008"), &Excluded::default(), 50).unwrap();
    assert!(found.group.is_none() && found.peers.is_empty());
    let seeker = active_row(&snapshot, code("R008")).unwrap();
    assert!(matches!(
        group_of_seeker(&snapshot, seeker),
        Err(Error::Invalid(_))
    ));
}

#[test]
fn too_few_or_too_alike_organisations_make_no_groups() {
    let same = vec![two_kinds(1)[0]; 40];
    for known in [
        vec![],
        two_kinds(1),
        two_kinds(4),
        same,
        vec![[None; 7]; 40],
    ] {
        let grouping = Grouping::of(&transformed(&known), SEED);
        assert!(grouping.groups.is_empty(), "{}", known.len());
        assert!(grouping.group_of.iter().all(Option::is_none));
    }
    // An attribute that is the same for all is left out.
    let mut constant = two_kinds(8);
    for values in &mut constant {
        values[1] = Some(20.0);
    }
    let grouping = Grouping::of(&transformed(&constant), SEED);
    assert_eq!((grouping.scales.len(), grouping.groups.len()), (3, 2));
}

#[test]
fn one_attribute_that_tells_organisations_apart_is_enough() {
    let mut known = two_kinds(8);
    for values in &mut known {
        values[1] = Some(20.0);
        values[2] = Some(2.0);
        values[3] = Some(0.5);
    }
    let grouping = Grouping::of(&transformed(&known), SEED);
    assert_eq!(grouping.groups.len(), 2);
    assert!((grouping.explained[0] - 1.0).abs() < 1e-9 && grouping.explained[1] == 0.0);
}

#[test]
fn peers_are_the_others_of_the_group_the_most_alike_first_without_whom_the_site_excludes() {
    let snapshot = snapshot_of(&two_kinds(8));
    let of = |limit, excluded: &[&str]| {
        let excluded: Excluded = excluded.iter().map(|&text| code(text)).collect();
        peers(&snapshot, code("R000"), &excluded, limit).unwrap()
    };
    let all = of(50, &[]);
    let codes = |peers: &Peers| -> Vec<OdsCode> {
        peers
            .peers
            .iter()
            .map(|p| p.organisation.ods_code)
            .collect()
    };
    let wanted = ["R002", "R004", "R006", "R008", "R010", "R012", "R014"].map(code);
    assert_eq!(codes(&all), wanted);
    assert!(all.peers.is_sorted_by(|a, b| a.distance <= b.distance));
    assert_eq!(all.group.as_ref().map(|group| group.size), Some(8));
    assert_eq!(codes(&of(2, &["R002"])), ["R004", "R006"].map(code));
    let missing = [Attribute::Catchment, Attribute::Beds, Attribute::Teaching];
    assert_eq!(all.missing, missing.map(Fact::Attribute));
    assert!(matches!(
        peers(&snapshot, code("RZZ"), &Excluded::default(), 5),
        Err(Error::OrganisationNotFound(_))
    ));
}

#[test]
fn the_overview_adds_up() {
    let snapshot = snapshot_of(&two_kinds(8));
    let overview = overview(&snapshot);
    assert_eq!((overview.n_organisations, overview.n_grouped), (16, 16));
    let sizes: u32 = overview.groups.iter().map(|group| group.size).sum();
    assert_eq!((sizes, overview.points.len()), (16, 16));
    assert_eq!(overview.loadings.len(), 4);
    assert!(
        overview
            .points
            .iter()
            .all(|p| p.at.iter().all(|x| x.is_finite()))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Whatever is recorded: nothing is without a number that is one, and the same facts give the same groups.
    #[test]
    fn groups_are_finite_and_the_same_again(
        known in prop::collection::vec(
            prop::array::uniform7(prop::option::weighted(0.8, 1.0_f64..5.0)),
            0..60,
        )
    ) {
        let contexts: Vec<Context> = known.iter().map(|&known| Context { known, n_asked: 7 }).collect();
        let grouping = Grouping::of(&contexts, SEED);
        let again = Grouping::of(&contexts, SEED);
        prop_assert_eq!(&grouping.group_of, &again.group_of);
        prop_assert_eq!(&grouping.groups, &again.groups);
        prop_assert!(grouping.tried.iter().all(|t| (-1.0..=1.0).contains(&t.silhouette)));
        prop_assert!(grouping.explained.iter().all(|x| (0.0..=1.0 + 1e-9).contains(x)));
        let sizes: u32 = grouping.groups.iter().map(|g| g.size).sum();
        prop_assert_eq!(sizes as usize, grouping.group_of.iter().flatten().count());
        for group in &grouping.groups {
            prop_assert!(group.means.iter().all(|m| m.mean.is_finite() && m.deviations.is_finite()));
        }
    }
}
