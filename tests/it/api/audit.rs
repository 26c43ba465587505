//! Who sees what of the audit.

use alongside::domain::ids::OdsCode;
use alongside::storage::Change;
use alongside::storage::audit::{self, Entry};
use serde_json::{Value, json};

use crate::support::database::a_change;
use crate::support::service::{As, TestService, now};

const ALL: &str = "/api/v1/admin/audit";
const OWN: &str = "/api/v1/organisations/RTH/audit";

fn entry(kind: &'static str, id: &str, code: &str, after: Value) -> Entry {
    Entry {
        kind,
        id: id.to_owned(),
        ods_code: Some(OdsCode::new(code).unwrap()),
        before: Some(json!(null)),
        after: Some(after),
    }
}

/// The id of a test caller's key, as the service shows it.
fn key_id(service: &TestService, caller: As) -> String {
    let prefix = caller.key().unwrap().prefix().to_owned();
    let sql = format!("SELECT id AS text FROM api_keys WHERE prefix = '{prefix}'");
    service.database.texts(&sql).remove(0)
}

fn by(service: &TestService, actor: &str, entries: Vec<Entry>) {
    let change = Change {
        actor: actor.to_owned(),
        action: "put_something",
        request_id: "request-1".to_owned(),
        at: now(),
        ..a_change()
    };
    service
        .alongside
        .storage()
        .write_blocking(&change, move |connection| {
            entries
                .into_iter()
                .for_each(|entry| audit::note(connection, entry));
            Ok(())
        })
        .unwrap();
}

/// A service on which RTH, RHW, an admin and others changed facts of RTH and RHW.
fn changed() -> TestService {
    let service = TestService::bundled();
    let rth = format!("key:{}", key_id(&service, As::Rth));
    by(
        &service,
        &rth,
        vec![
            entry("core_systems", "epr", "RTH", json!({"vendor": "Epic"})),
            entry("ethos", "RTH", "RTH", json!({"sharing": 4})),
            entry("weights", "RTH", "RTH", json!({"geography": 0.7})),
            entry("attributes", "RTH", "RTH", json!({"ethos_pace": 5})),
        ],
    );
    let rhw = format!("key:{}", key_id(&service, As::Rhw));
    let admin = format!("key:{}", key_id(&service, As::Admin));
    let of_rth = || {
        let after = json!({"state": "confirmed", "createdBy": admin});
        vec![entry("links", "1", "RTH", after)]
    };
    for actor in [
        rhw.as_str(),
        &admin,
        "oidc:0123abcd",
        "alongside",
        "command line",
    ] {
        by(&service, actor, of_rth());
    }
    by(
        &service,
        &rhw,
        vec![entry(
            "core_systems",
            "epr",
            "RHW",
            json!({"vendor": "Cerner"}),
        )],
    );
    service
}

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().unwrap()
}

#[actix_web::test]
async fn admins_and_viewers_read_every_row_newest_first() {
    let service = changed();
    for caller in [As::Admin, As::Viewer] {
        let page = service.get(caller, ALL).await.good();
        let sequences: Vec<i64> = items(&page)
            .iter()
            .map(|row| row["sequence"].as_i64().unwrap())
            .collect();
        let n = i64::try_from(sequences.len()).unwrap();
        assert_eq!(sequences, (1..=n).rev().collect::<Vec<_>>());
        let newest = &items(&page)[0];
        assert_eq!(newest["odsCode"], "RHW");
        assert_eq!(newest["after"], json!({"vendor": "Cerner"}));
        assert_eq!(newest["requestId"], "request-1");
    }
}

#[actix_web::test]
async fn a_sites_ethos_and_weights_are_shown_to_nobody_else() {
    let service = changed();
    for caller in [As::Admin, As::Viewer] {
        let page = service.get(caller, &format!("{ALL}?odsCode=RTH")).await;
        let answer = page.good();
        let private: Vec<&Value> = items(&answer)
            .iter()
            .filter(|row| row["isPrivate"] == true)
            .collect();
        assert_eq!(private.len(), 3, "{answer}");
        for row in private {
            assert_eq!(
                (&row["before"], &row["after"]),
                (&Value::Null, &Value::Null)
            );
        }
        let text = answer.to_string();
        assert!(!text.contains("0.7") && !text.contains("sharing") && !text.contains("ethos_pace"));
        assert!(text.contains("Epic"), "what is open is shown");
    }
    let own = service.get(As::Rth, OWN).await.good().to_string();
    assert!(
        own.contains("0.7") && own.contains("sharing"),
        "the site sees its own"
    );
}

#[actix_web::test]
async fn a_site_reads_its_own_rows_and_no_ids_of_others() {
    let service = changed();
    let page = service.get(As::Rth, OWN).await;
    let answer = page.good();
    let actors: Vec<&str> = items(&answer)
        .iter()
        .map(|row| row["actor"].as_str().unwrap())
        .collect();
    assert_eq!(
        actors,
        [
            "command_line",
            "service",
            "identity",
            "programme_admin",
            "other_site",
            "own_key",
            "own_key",
            "own_key",
            "own_key",
        ]
    );
    let prefix = As::Rth.key().unwrap().prefix().to_owned();
    assert_eq!(items(&answer)[8]["keyPrefix"], prefix.as_str());
    let text = answer.to_string();
    for other in [As::Admin, As::Rhw] {
        assert!(!text.contains(&key_id(&service, other)));
        assert!(!text.contains(other.key().unwrap().prefix()));
    }
    assert!(!text.contains("0123abcd") && !text.contains("Cerner"));
}

#[actix_web::test]
async fn nobody_else_reads_a_sites_rows_and_no_site_reads_all() {
    let service = changed();
    let other = "/api/v1/organisations/RHW/audit";
    service
        .get(As::Rth, other)
        .await
        .problem(404, "/problems/organisation-not-found");
    for caller in [As::Admin, As::Viewer] {
        service
            .get(caller, OWN)
            .await
            .problem(403, "/problems/forbidden");
    }
    for path in [ALL, "/api/v1/admin/audit/checkpoint"] {
        service
            .get(As::Rth, path)
            .await
            .problem(403, "/problems/forbidden");
    }
    service
        .get(As::Viewer, "/api/v1/admin/audit/checkpoint")
        .await
        .problem(403, "/problems/forbidden");
}

#[actix_web::test]
async fn rows_are_found_by_what_is_asked_for() {
    let service = changed();
    for (query, expected) in [
        ("odsCode=rhw", 1),
        ("actor=oidc:0123abcd", 1),
        ("action=put_something&odsCode=RTH", 9),
        ("subjectKind=links", 5),
        ("subjectKind=core_systems&subjectId=epr", 2),
        ("requestId=request-1", 10),
        ("since=2026-11-22T09:00:00Z&requestId=request-1", 10),
        ("since=2026-11-22T09:00:01Z", 0),
        ("until=2026-11-22T10:00:00%2B01:00&requestId=request-1", 0),
    ] {
        let page = service
            .get(As::Admin, &format!("{ALL}?{query}"))
            .await
            .good();
        assert_eq!(items(&page).len(), expected, "{query}");
    }
    for (query, status) in [
        ("since=yesterday", 400),
        ("odsCode=!", 400),
        ("limit=0", 422),
        ("limit=201", 422),
        ("who=me", 400),
        ("cursor=x", 400),
    ] {
        let answer = service.get(As::Admin, &format!("{ALL}?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
    }
}

#[actix_web::test]
async fn pages_follow_each_other_without_a_gap() {
    let service = changed();
    for (caller, path) in [(As::Admin, ALL), (As::Rth, OWN)] {
        let whole = service.get(caller, path).await.good();
        let mut next = Some(format!("{path}?limit=4"));
        let mut read = Vec::new();
        while let Some(address) = next {
            let page = service.get(caller, &address).await.good();
            read.extend(items(&page).clone());
            next = page["links"]["next"].as_str().map(str::to_owned);
        }
        assert_eq!(&read, items(&whole));
    }
    let first = service
        .get(As::Admin, &format!("{ALL}?limit=1"))
        .await
        .good();
    let next = first["links"]["next"].as_str().unwrap();
    let other = format!("{next}&odsCode=RTH");
    assert_eq!(service.get(As::Admin, &other).await.status, 400);
}

#[actix_web::test]
async fn a_checkpoint_is_one_that_the_verification_takes() {
    let service = changed();
    let path = "/api/v1/admin/audit/checkpoint";
    let made = service.get(As::Admin, path).await.good();
    let checkpoint = serde_json::from_value(made).unwrap();
    let report = service
        .alongside
        .storage()
        .read_blocking(|connection| audit::verify(connection, &[checkpoint]))
        .unwrap();
    assert!(report.is_whole() && report.n_checkpoints == 1, "{report:?}");
    service
        .database
        .execute("UPDATE audit_chain SET head_sequence = 1");
    service
        .get(As::Admin, path)
        .await
        .problem(409, "/problems/audit-not-whole");
}
