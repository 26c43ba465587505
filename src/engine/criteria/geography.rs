//! How near two organisations are, in km and in boards (DESIGN 4.3).

use std::collections::BTreeMap;

use crate::domain::interval::Interval;
use crate::domain::organisation::{EARTH_RADIUS_KM, Position};

/// The distance over which nearness halves, in km (DESIGN 4.3).
pub const HALVING_KM: f64 = 80.0;
/// Alignment of two organisations in one integrated care board (DESIGN 4.3).
pub const SAME_ICB: f64 = 0.5;
/// Alignment of two organisations in one NHS region but not one board (DESIGN 4.3).
pub const SAME_REGION: f64 = 0.2;

/// The exponent of what benefit leaves of the distance's cost (DESIGN 4.3); [`residual_cost`] takes it as a square root.
pub const SOFTENING: f64 = 0.5;

/// A position as the unit vector from the centre of the Earth: what a scan can compare without trigonometry.
pub type UnitVector = [f64; 3];

/// The unit vector of a position.
#[must_use]
pub fn unit_vector(position: Position) -> UnitVector {
    let (latitude, longitude) = (
        position.latitude().to_radians(),
        position.longitude().to_radians(),
    );
    [
        latitude.cos() * longitude.cos(),
        latitude.cos() * longitude.sin(),
        latitude.sin(),
    ]
}

/// The great-circle distance on a sphere, in the unit of `radius`.
///
/// The squared chord is four times the haversine of the angle, so this is the haversine formula with its sines already
/// taken; it is as exact for neighbours as for antipodes. The same bits whichever point comes first.
///
/// # References
///
/// Sinnott, *Virtues of the Haversine*, Sky and Telescope 68(2):159, 1984. A property test holds it to the `geo` crate's.
#[must_use]
pub fn great_circle(a: &UnitVector, b: &UnitVector, radius: f64) -> f64 {
    let chord_squared: f64 = a
        .iter()
        .zip(b)
        .fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b));
    2.0 * radius * (chord_squared / 4.0).min(1.0).sqrt().asin()
}

/// The distance in km between two positions given as unit vectors.
#[must_use]
pub fn distance_km(a: &UnitVector, b: &UnitVector) -> f64 {
    great_circle(a, b, EARTH_RADIUS_KM)
}

/// Nearness `G = 2^(-d/h)` with `h` = [`HALVING_KM`]; `distance_km >= 0`, result in `0..=1`.
#[must_use]
pub fn decay(distance_km: f64) -> f64 {
    (-distance_km / HALVING_KM).exp2()
}

/// What is left of the distance's cost where the pair has `benefit` in `0..=1`: `(1 - B)^theta` with `theta` = 1/2,
/// written as the square root.
#[must_use]
pub fn residual_cost(benefit: f64) -> f64 {
    (1.0 - benefit).max(0.0).sqrt()
}

/// `1 - (1 - G) (1 - B)^theta (1 - A)`: nearness `decay`, softened by benefit, raised by alignment; all in `0..=1`.
#[must_use]
pub fn score(decay: f64, residual_cost: f64, alignment: f64) -> f64 {
    1.0 - (1.0 - decay) * residual_cost * (1.0 - alignment)
}

/// The score as an interval, from those of nearness and of benefit.
#[must_use]
pub fn score_interval(decay: Interval, benefit: Interval, alignment: f64) -> Interval {
    decay.zip(benefit, |g, b| score(g, residual_cost(b), alignment))
}

/// The number of distinct places above which places are pooled into cells, to keep the work of a snapshot bounded:
/// 2,048 places are about 2 million distances, some tens of milliseconds.
const MAX_PLACES: usize = 2048;
/// The side of the smallest cell, in degrees; it doubles until the cells are few enough.
const SMALLEST_CELL_DEGREES: f64 = 0.05;

/// For each organisation with a position, its mean nearness to all others with one: what to expect of an organisation whose
/// position is not recorded (DESIGN 4.1). Exact for up to [`MAX_PLACES`] places; beyond that, between the middles of cells.
///
/// # Shapes and units
///
/// - `positions`: one for each organisation
/// - returns: one for each organisation, `0..=1`; 0 where its own position is unknown
#[must_use]
pub fn mean_decay_to_others(positions: &[Option<Position>]) -> Vec<f64> {
    let (places, place_of) = pool(positions);
    let n: f64 = places.iter().map(|(_, count)| count).sum();
    let means: Vec<f64> = places
        .iter()
        .map(|(here, _)| {
            let sum: f64 = places
                .iter()
                .map(|(there, count)| count * decay(distance_km(here, there)))
                .sum();
            // An organisation is as near to itself as can be, and is not among the others.
            if n > 1.0 {
                (sum - 1.0) / (n - 1.0)
            } else {
                super::MEAN_OF_NOBODY
            }
        })
        .collect();
    place_of
        .into_iter()
        .map(|place| place.map_or(0.0, |p| means[p]))
        .collect()
}

/// A place with the organisations that are there.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Sums over those who are there.
    latitude: f64,
    longitude: f64,
    count: f64,
}

/// Distinct places, each at the mean position of those who are there, with how many they are; and the place of each
/// organisation.
fn pool(positions: &[Option<Position>]) -> (Vec<(UnitVector, f64)>, Vec<Option<usize>>) {
    let mut cell_degrees = 0.0;
    loop {
        let mut numbers = BTreeMap::new();
        let mut places: Vec<Place> = Vec::new();
        let mut place_of = Vec::with_capacity(positions.len());
        for position in positions {
            let place = position.map(|position| {
                let cell = |degrees: f64| {
                    if cell_degrees > 0.0 {
                        (degrees / cell_degrees).floor()
                    } else {
                        degrees
                    }
                    .to_bits()
                };
                let key = (cell(position.latitude()), cell(position.longitude()));
                let number = *numbers.entry(key).or_insert_with(|| {
                    places.push(Place::default());
                    places.len() - 1
                });
                let place = &mut places[number];
                place.latitude += position.latitude();
                place.longitude += position.longitude();
                place.count += 1.0;
                number
            });
            place_of.push(place);
        }
        if places.len() <= MAX_PLACES {
            let mean = |p: &Place| Position::new(p.latitude / p.count, p.longitude / p.count);
            let places = places
                .iter()
                .map(|p| (mean(p).map_or([0.0; 3], unit_vector), p.count));
            return (places.collect(), place_of);
        }
        cell_degrees = if cell_degrees > 0.0 {
            cell_degrees * 2.0
        } else {
            SMALLEST_CELL_DEGREES
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROUNDING: f64 = 1e-12;

    fn position(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    #[test]
    fn the_distance_vectors_of_the_design_hold() {
        // DESIGN 11, after Rosetta Code, "Haversine formula".
        let nashville = unit_vector(position(36.12, -86.67));
        let los_angeles = unit_vector(position(33.94, -118.40));
        assert!(
            (great_circle(&nashville, &los_angeles, 6371.0) - 2_886.444_442_837_98).abs() < 1e-9
        );
        assert!(
            (great_circle(&nashville, &los_angeles, 6372.8) - 2_887.259_950_607_11).abs() < 1e-9
        );
        let (a, b) = (
            unit_vector(position(0.0, 0.0)),
            unit_vector(position(0.0, 1.0)),
        );
        assert!((great_circle(&a, &b, 6371.0) - 111.194_926_644_559).abs() < 1e-9);
    }

    #[test]
    fn the_decay_vectors_of_the_design_hold() {
        // DESIGN 11: d = 160, h = 80: 0.25. With theta = 1 at B = 0, .25, .5, .9, 1: .25, .4375, .625, .925, 1.
        assert!((decay(160.0) - 0.25).abs() < ROUNDING);
        for (benefit, softened) in [
            (0.0, 0.25),
            (0.25, 0.4375),
            (0.5, 0.625),
            (0.9, 0.925),
            (1.0, 1.0),
        ] {
            let theta_1 = 1.0 - benefit;
            assert!((score(decay(160.0), theta_1, 0.0) - softened).abs() < ROUNDING);
        }
        assert!((residual_cost(0.75) - 0.5).abs() < ROUNDING);
        for benefit in [0.0, 0.25, 0.5, 0.9, 1.0_f64] {
            let by_power = (1.0 - benefit).powf(SOFTENING);
            assert!((residual_cost(benefit) - by_power).abs() < ROUNDING);
        }
    }

    #[test]
    fn the_worked_table_holds() {
        // distance, benefit, alignment: score
        for (km, benefit, alignment, expected) in [
            (0.0, 0.0, 0.0, 1.0),
            (80.0, 0.0, 0.0, 0.5),
            (80.0, 0.75, 0.0, 0.75),
            (80.0, 0.0, SAME_ICB, 0.75),
            (80.0, 0.0, SAME_REGION, 0.6),
            (80.0, 0.75, SAME_ICB, 0.875),
            (1e6, 1.0, 0.0, 1.0),
        ] {
            assert!(
                (score(decay(km), residual_cost(benefit), alignment) - expected).abs() < ROUNDING
            );
        }
    }

    #[test]
    fn the_mean_nearness_leaves_oneself_out() {
        let (here, north) = (position(52.0, 0.0), position(53.0, 0.0));
        let between = decay(here.distance_km(north));
        let means = mean_decay_to_others(&[Some(here), Some(here), Some(north), None]);
        assert!((means[0] - f64::midpoint(1.0, between)).abs() < 1e-9);
        assert!((means[2] - between).abs() < 1e-9);
        assert!((mean_decay_to_others(&[Some(here)])[0] - 0.5).abs() < ROUNDING);
    }

    #[test]
    fn pooled_places_stay_close_to_the_exact_mean() {
        let spread = |n: u32| -> Vec<Option<Position>> {
            (0..n)
                .map(|i| {
                    position(
                        50.5 + f64::from(i % 61) * 0.08,
                        -4.0 + f64::from(i % 67) * 0.07,
                    )
                })
                .map(Some)
                .collect()
        };
        let (few, many) = (spread(2000), spread(4087));
        assert!(pool(&few).0.len() == few.len() && pool(&many).0.len() < many.len());
        let sample = 17;
        let exact: f64 = many
            .iter()
            .flatten()
            .map(|p| decay(p.distance_km(many[sample].unwrap())))
            .sum();
        let exact = (exact - 1.0) / f64::from(4087 - 1);
        assert!((mean_decay_to_others(&many)[sample] - exact).abs() < 2e-3);
    }

    proptest! {
        #[test]
        fn the_distance_is_that_of_the_geo_crate(
            a in (-90.0..=90.0_f64, -180.0..=180.0_f64), b in (-90.0..=90.0_f64, -180.0..=180.0_f64)
        ) {
            let (a, b) = (position(a.0, a.1), position(b.0, b.1));
            let ours = distance_km(&unit_vector(a), &unit_vector(b));
            // Near the antipode an angle is known to about the square root of the rounding of its sine.
            let tolerance = if ours > 19_900.0 { 1e-3 } else { 1e-6 };
            prop_assert!((ours - a.distance_km(b)).abs() < tolerance);
        }

        #[test]
        fn moving_nearer_never_lowers(km in 0.0..2000.0_f64, nearer in 0.0..1.0_f64, b in 0.0..=1.0_f64, a in 0.0..=0.5_f64) {
            let cost = residual_cost(b);
            prop_assert!(score(decay(km * nearer), cost, a) >= score(decay(km), cost, a));
        }
    }
}
