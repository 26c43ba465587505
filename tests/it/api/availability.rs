//! Who can be approached, and who else there is, as suggestions show it.

use alongside::domain::ids::OdsCode;
use alongside::domain::link::{Link, LinkKind, LinkStanding};
use alongside::domain::provenance::{Provenance, Voice};
use alongside::storage::{Change, Touches, links};
use serde_json::{Value, json};

use crate::support::database::a_change;
use crate::support::service::{As, TestService};

const SUGGESTIONS: &str = "/api/v1/organisations/RTH/suggestions";

fn code(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

/// Adds a partnership of two as accepting an approach does: a link that both stand behind.
fn agreed(one: &str, other: &str, id: u8) -> (String, Link) {
    let provenance = Provenance {
        source: "their agreement".into(),
        as_of: "2026-11-01".parse().ok(),
        voice: Voice::Site,
    };
    let ends = (code(one), code(other));
    let started = "2026-11-01".parse().ok();
    let mut link = Link::published(ends, LinkKind::Partnership, started, None, provenance).unwrap();
    link.standing = LinkStanding::Confirmed;
    link.declared_by = Some(ends.0);
    (format!("00000000-0000-4000-8000-0000000001{id:02}"), link)
}

/// Stores links, and reads anew what was stored past the service.
async fn store(service: &TestService, agreed: Vec<(String, Link)>) {
    let change = Change {
        touches: Touches::Scoring,
        ..a_change()
    };
    service
        .alongside
        .write(change, move |connection| {
            agreed
                .into_iter()
                .try_for_each(|(id, link)| links::add(connection, id, link).map(|_| ()))
        })
        .await
        .unwrap();
}

fn suggestion<'a>(answer: &'a Value, code: &str) -> &'a Value {
    let mut items = answer["suggestions"].as_array().unwrap().iter();
    items
        .find(|s| s["organisation"]["odsCode"] == code)
        .unwrap()
}

fn codes(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap().iter();
    items.map(|one| one["odsCode"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_full_site_stays_visible_with_the_next_best_and_with_who_has_partnered_with_it() {
    let service = TestService::bundled();
    let before = service.get(As::Rth, SUGGESTIONS).await.good();
    let places: Vec<String> = before["suggestions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["organisation"]["odsCode"].as_str().unwrap().to_owned())
        .collect();
    let (full, paused) = (&places[0], &places[2]);
    service.database.execute(&format!(
        "INSERT INTO capacities (ods_code, partnership_places, changed_at, version)
         VALUES ('{full}', 0, '2026-11-20 00:00:00', 1), ('{}', 7, '2026-11-20 00:00:00', 1);
         INSERT INTO pauses (ods_code, paused_by, until, reason, since, version)
         VALUES ('{paused}', 'admin', '2026-12-24', 'They asked for rest.', '2026-11-20 00:00:00', 1);",
        places[1]
    ));
    let relays = vec![agreed(full, "RJ7", 1), agreed(full, "RRV", 2)];
    store(&service, relays).await;
    let after = service.get(As::Rth, SUGGESTIONS).await.good();
    let availability = |code: &str| suggestion(&after, code)["availability"].clone();
    assert_eq!(
        availability(full),
        json!({ "state": "full", "remaining": 0, "pausedUntil": null })
    );
    assert_eq!(
        availability(&places[1]),
        json!({ "state": "open", "remaining": 7, "pausedUntil": null })
    );
    assert_eq!(
        availability(paused),
        json!({ "state": "paused", "remaining": 3, "pausedUntil": "2026-12-24" })
    );
    assert_eq!(
        availability(&places[3]),
        json!({ "state": "undeclared", "remaining": null, "pausedUntil": null })
    );
    let first = suggestion(&after, full);
    assert_eq!(first["rank"], 1);
    let next: Vec<&str> = [1, 3, 4].map(|place: usize| places[place].as_str()).into();
    assert_eq!(codes(&first["alternates"]), next);
    assert_eq!(codes(&first["relays"]), ["RJ7", "RRV"]);
    assert_eq!(suggestion(&after, &places[1])["alternates"], json!([]));
    // No reason of a pause is told, and the pair by itself is told the same.
    assert!(!after.to_string().contains("rest"));
    let pair = service
        .get(As::Rth, &format!("{SUGGESTIONS}/{full}"))
        .await
        .good();
    assert_eq!(pair["suggestion"], *first);
    // On a day after the pause it can be approached again.
    let later = format!("{SUGGESTIONS}?asOf=2026-12-25");
    let later = service.get(As::Rth, &later).await.good();
    assert_eq!(
        suggestion(&later, paused)["availability"]["state"],
        "undeclared"
    );
    assert_eq!(suggestion(&later, full)["availability"]["state"], "full");
}

#[actix_web::test]
async fn whom_a_site_agreed_with_is_a_partner_and_suggested_no_more() {
    let service = TestService::bundled();
    let path = format!("{SUGGESTIONS}?limit=50");
    let before = service.get(As::Rth, &path).await.good();
    assert_eq!(before["currentPartners"], json!([]));
    store(&service, vec![agreed("RTH", "RHW", 1)]).await;
    let after = service.get(As::Rth, &path).await.good();
    assert_eq!(codes(&after["currentPartners"]), ["RHW"]);
    let count = |answer: &Value| answer["candidateCount"].as_u64().unwrap();
    assert_eq!(count(&after), count(&before) - 1);
    let seen = after["suggestions"].to_string();
    assert!(!seen.contains("\"RHW\""));
    let other = "/api/v1/organisations/RHW/suggestions";
    let other = service.get(As::Rhw, other).await.good();
    assert_eq!(codes(&other["currentPartners"]), ["RTH"]);
}
