//! What a real run leaves in its database, its log and its answers: no key, no hash of one in an answer, no e-mail address.
//!
//! `.ci/strings.py` looks for the same in the files of other runs.

use std::fs;
use std::path::Path;

use alongside::domain::api_key::{ApiKey, KeyRecord};
use alongside::domain::caller::Role;
use alongside::domain::ids::OdsCode;
use alongside::secret_file;
use alongside::storage::{DatabaseUrl, Storage, keys};
use data_encoding::HEXLOWER;

use super::program::{Place, Running};
use crate::support::database::a_change;

/// Stores a key of RTH in the database of a service.
fn add_key(database: &Path, key: &ApiKey, revoked: bool) {
    let url = DatabaseUrl::sqlite_file(database);
    let secret = secret_file::read(&secret_file::default_path(&url)).unwrap();
    let change = a_change();
    let record = KeyRecord {
        revoked_at: revoked.then_some(change.at),
        ..KeyRecord::new(
            format!("00000000-0000-4000-8000-00000000000{}", u8::from(revoked)),
            key,
            Role::Site(OdsCode::new("RTH").unwrap()),
            "a test",
            change.at,
            "a test",
        )
    };
    Storage::open(&url, &secret)
        .unwrap()
        .write_blocking(&change, |connection| keys::insert(connection, &record))
        .unwrap();
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

/// The addresses in a text: a name, an `@` and a host with a dot.
fn addresses(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._%+-@".contains(c);
    text.split(|c| !is_part(c))
        .filter(|word| {
            word.split_once('@').is_some_and(|(name, host)| {
                // Bytes of numbers look like short addresses.
                !name.is_empty()
                    && host.split('.').count() > 1
                    && host.split('.').all(|label| {
                        label.len() > 1
                            && label
                                .bytes()
                                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    })
            })
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_run_leaves_no_key_and_no_address_anywhere() {
    let place = Place::new();
    let database = place.path().join("alongside.sqlite3");
    let first = Running::start(&place, "serve --json --port 0");
    first.line();
    first.signal("TERM");
    first.ended();
    let good = ApiKey::from_random([0x5A; ApiKey::N_BYTES]);
    let revoked = ApiKey::from_random([0x3C; ApiKey::N_BYTES]);
    let unknown = ApiKey::from_random([0x77; ApiKey::N_BYTES]);
    add_key(&database, &good, false);
    add_key(&database, &revoked, true);

    let service = Running::start(&place, "serve --json --port 0 --log debug");
    let ready: serde_json::Value = serde_json::from_str(&service.line()).unwrap();
    let url = ready["url"].as_str().unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let suggestions = "/api/v1/organisations/RTH/suggestions";
    let mut answers = Vec::new();
    let mut statuses = Vec::new();
    let mut get = |path: &str, authorization: &str| {
        let mut answer = agent
            .get(format!("{url}{path}"))
            .header("Authorization", authorization)
            .call()
            .unwrap();
        statuses.push(answer.status().as_u16());
        answers.extend(answer.body_mut().read_to_vec().unwrap());
    };
    for key in [&good, &revoked, &unknown] {
        let key = key.reveal();
        get(suggestions, &format!("Bearer {key}"));
        get("/api/v1/organisations/RTH/audit", &format!("Bearer {key}"));
        get(suggestions, &format!("Basic {key}"));
        get(suggestions, key);
        get(
            &format!("{suggestions}?limit={key}"),
            &format!("Bearer {key}"),
        );
    }
    let by_address = format!("{suggestions}?limit=someone@example.org");
    get(&by_address, &format!("Bearer {}", good.reveal()));
    assert_eq!(
        statuses,
        [
            200, 200, 401, 401, 400, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 400
        ]
    );
    // Before it ends well, and the log of writes with it.
    let mut kept = Vec::new();
    for file in ["alongside.sqlite3", "alongside.sqlite3-wal"] {
        kept.extend(fs::read(place.path().join(file)).unwrap_or_default());
    }
    service.signal("TERM");
    let log = service.ended().stderr;
    assert!(
        log.contains("status=401"),
        "the log is one of this run: {log}"
    );

    for key in [&good, &revoked, &unknown] {
        let (text, hash) = (key.reveal().as_bytes(), HEXLOWER.encode(&key.hash().0));
        for (what, where_) in [
            ("database", &kept[..]),
            ("log", log.as_bytes()),
            ("answers", &answers),
        ] {
            assert!(!holds(where_, text), "a key is in the {what}");
        }
        for (what, where_) in [("log", log.as_bytes()), ("answers", &answers)] {
            assert!(!holds(where_, hash.as_bytes()), "a hash is in the {what}");
        }
    }
    let secret = fs::read(place.path().join("alongside.sqlite3.secret")).unwrap();
    for (what, where_) in [
        ("database", &kept[..]),
        ("log", log.as_bytes()),
        ("answers", &answers),
    ] {
        assert!(
            !holds(where_, secret.trim_ascii()),
            "the secret is in the {what}"
        );
        assert_eq!(addresses(where_), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn an_address_is_known_by_its_form() {
    assert_eq!(addresses(b"x a.b@example.org, y"), ["a.b@example.org"]);
    assert!(addresses(b"a@b @example.org user@host a@b.").is_empty());
}
