//! Looking organisations up by where they are.

use alongside::domain::directory::{Near, OrganisationQuery};
use alongside::domain::organisation::{Organisation, Position};
use alongside::domain::register::Register;
use alongside::storage::register;

use super::open_filled;
use super::organisations::{all, an_empty_register, an_organisation, any, in_a_fresh_one, page};
use crate::support::database::on_every_database;

#[test]
fn those_in_a_circle_are_listed_by_distance() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let register = storage.read_blocking(register::load).expect("a register");
        let oxford = Position::new(51.76, -1.22).expect("a place");
        for within_km in [0.5, 40.0, 150.0, 20_100.0] {
            let query = OrganisationQuery {
                near: Some(Near {
                    centre: oxford,
                    within_km,
                }),
                ..any()
            };
            let found = all(&storage, &query, 20);
            assert_eq!(
                found,
                in_circle(&register, oxford, within_km),
                "{within_km} km"
            );
        }
        let query = OrganisationQuery {
            near: Some(Near {
                centre: oxford,
                within_km: 40.0,
            }),
            ..any()
        };
        let first = &page(&storage, &query, None, 1).items[0];
        let measured = first
            .organisation
            .position
            .map(|position| oxford.distance_km(position));
        assert_eq!(
            first.distance_km.map(f64::to_bits),
            measured.map(f64::to_bits)
        );
    });
}

/// The pole, the antimeridian and many in one place: where a box around a circle is easily wrong.
#[test]
fn a_circle_is_whole_wherever_it_lies() {
    let places = [
        ("AAA", 90.0, 0.0),
        ("AAB", 89.5, 170.0),
        ("AAC", 89.5, -10.0),
        ("AAD", 0.0, 179.9),
        ("AAE", 0.0, -179.9),
        ("AAF", 0.0, 179.9),
        ("AAG", -89.9, 45.0),
        ("AAH", 60.0, 10.0),
        ("AAJ", 60.05, 9.0),
    ];
    on_every_database(|database| {
        let mut world = an_empty_register();
        world.organisations = places
            .iter()
            .map(|&(code, latitude, longitude)| Organisation {
                position: Position::new(latitude, longitude),
                ..an_organisation(code, "A place")
            })
            .collect();
        let storage = in_a_fresh_one(database, &world);
        for (latitude, longitude) in [
            (90.0, 0.0),
            (89.6, 10.0),
            (-90.0, 77.0),
            (0.0, 180.0),
            (0.1, -180.0),
            (60.0, 10.0),
        ] {
            let centre = Position::new(latitude, longitude).expect("a place");
            for within_km in [1.0, 56.0, 60.0, 120.0, 12_000.0] {
                let query = OrganisationQuery {
                    near: Some(Near { centre, within_km }),
                    ..any()
                };
                for limit in [1, 50] {
                    assert_eq!(
                        all(&storage, &query, limit),
                        in_circle(&world, centre, within_km),
                        "{within_km} km around {latitude}, {longitude}"
                    );
                }
            }
        }
    });
}

/// Who is in a circle, measured one by one.
fn in_circle(register: &Register, centre: Position, within_km: f64) -> Vec<String> {
    let mut found: Vec<_> = register
        .organisations
        .iter()
        .filter_map(|o| Some((centre.distance_km(o.position?), o.ods_code)))
        .filter(|(distance_km, _)| *distance_km <= within_km)
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    found
        .into_iter()
        .map(|(_, code)| code.to_string())
        .collect()
}
