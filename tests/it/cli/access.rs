//! Keys from the command line, the first of them, the secret, and protected connections.

use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::Value;

use super::program::{Place, Running};

const FAILURE: i32 = 1;

/// Without the bundled data, which these need not wait for.
const SERVE: &str = "serve --port 0 --json --bundled-data skip";

/// The status and the body of an answer to a key.
fn get(url: &str, key: &str) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let mut answer = agent
        .get(url)
        .header("Authorization", format!("Bearer {key}"))
        .call()
        .unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&body).unwrap(),
    )
}

fn key_of(ready: &Value) -> String {
    ready["adminKey"].as_str().unwrap().to_owned()
}

#[test]
fn the_first_start_makes_the_first_key_and_later_ones_none() {
    let place = Place::new();
    let service = Running::start(&place, SERVE);
    let ready = service.ready();
    let key = key_of(&ready);
    let url = ready["url"].as_str().unwrap();
    let (status, me) = get(&format!("{url}/api/v1/me"), &key);
    assert_eq!((status, &me["role"]), (200, &"programme_admin".into()));
    service.signal("TERM");
    let ended = service.ended();
    assert!(!ended.stderr.contains(&key[..12]), "{ended:?}");
    let again = Running::start(&place, SERVE).ready();
    assert_eq!(again.get("adminKey"), None);
}

#[test]
fn the_first_key_is_shown_to_a_person_once() {
    let place = Place::new();
    let service = Running::start(&place, "serve --port 0 --bundled-data skip");
    service.line();
    let line = service.line();
    assert!(
        line.starts_with("The first key of a programme admin, shown this once: als_"),
        "{line}"
    );
}

#[test]
fn the_first_key_can_be_written_to_a_file_of_its_owner() {
    let place = Place::new();
    let service = Running::start(&place, &format!("{SERVE} --admin-key-file admin.key"));
    let ready = service.ready();
    assert_eq!(ready.get("adminKey"), None);
    let path = place.path().join("admin.key");
    let key = std::fs::read_to_string(&path).unwrap();
    let url = format!("{}/api/v1/me", ready["url"].as_str().unwrap());
    assert_eq!(get(&url, key.trim()).0, 200);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_file_that_is_there_is_not_written_over_and_no_key_is_made() {
    let place = Place::new().file("admin.key", "mine\n");
    place
        .run(&format!("{SERVE} --log off --admin-key-file admin.key"))
        .assert_failed(
            FAILURE,
            &["cannot write the first key", "admin.key", "exists"],
        );
    let kept = std::fs::read_to_string(place.path().join("admin.key")).unwrap();
    assert_eq!(kept, "mine\n");
    assert!(Running::start(&place, SERVE).ready()["adminKey"].is_string());
}

#[test]
fn a_missing_secret_stops_the_start_and_no_new_one_is_made() {
    let place = Place::new();
    let service = Running::start(&place, &format!("{SERVE} --secret-file a.secret"));
    service.ready();
    service.signal("TERM");
    service.ended();
    let secret = place.path().join("a.secret");
    let kept = place.path().join("kept");
    std::fs::rename(&secret, &kept).unwrap();
    for command in [
        format!("{SERVE} --log off --secret-file a.secret"),
        "keys create --role viewer --label x --secret-file a.secret".to_owned(),
    ] {
        place
            .run(&command)
            .assert_failed(FAILURE, &["a.secret is not there", "--secret-file"]);
        assert!(!secret.exists());
    }
    Running::start(&place, &format!("{SERVE} --secret-file kept")).ready();
}

/// Asks until the answer has this status, at most for as long as the service may take to hear of a change.
fn becomes(url: &str, key: &str, status: u16) {
    let started = Instant::now();
    while get(url, key).0 != status {
        assert!(started.elapsed() < Duration::from_secs(5), "not {status}");
        std::thread::yield_now();
    }
}

#[test]
fn keys_of_the_command_line_reach_the_service_that_runs() {
    let place = Place::new();
    let service = Running::start(&place, &format!("{SERVE} --rate-limit 0"));
    let url = format!("{}/api/v1/me", service.url());
    let made = place.run("keys create --role viewer --label Dashboard");
    made.assert_worked();
    let key = made.stdout.trim();
    becomes(&url, key, 200);
    let rotated = place.run(&format!("keys rotate {} --overlap 0 --json", &key[..12]));
    rotated.assert_worked();
    let rotated: Value = serde_json::from_str(&rotated.stdout).unwrap();
    becomes(&url, rotated["key"].as_str().unwrap(), 200);
    let id = rotated["id"].as_str().unwrap();
    place.run(&format!("keys revoke {id}")).assert_worked();
    becomes(&url, rotated["key"].as_str().unwrap(), 401);
    let list = place.run("keys list");
    list.assert_worked();
    assert!(
        list.stdout.contains("revoked") && list.stdout.contains("expired"),
        "{list:?}"
    );
    assert!(!list.stdout.contains(key));
    let json: Value = serde_json::from_str(&place.run("keys list --json").stdout).unwrap();
    assert_eq!(json["items"].as_array().unwrap().len(), 3);
}

#[test]
fn a_key_that_breaks_a_rule_is_refused_in_one_line() {
    let place = Place::new();
    for (arguments, words) in [
        ("--role root --label x", "/role is one of"),
        ("--role site --label x", "/odsCode is missing"),
        (
            "--role site --label x --ods-code RTH",
            "/odsCode is of no organisation",
        ),
    ] {
        place
            .run(&format!("keys create {arguments}"))
            .assert_failed(FAILURE, &[words]);
    }
    place
        .run("keys revoke als_aaaaaaaa")
        .assert_failed(FAILURE, &["no key has the id als_aaaaaaaa"]);
}

#[test]
fn the_demo_makes_keys_for_an_admin_and_two_sites() {
    let place = Place::new();
    let demo = Running::start(&place, "demo --json --port 0");
    let ready = demo.ready();
    let url = ready["url"].as_str().unwrap();
    let me = |key: &Value| get(&format!("{url}/api/v1/me"), key.as_str().unwrap()).1;
    assert_eq!(me(&ready["adminKey"])["role"], "programme_admin");
    for code in ["RTH", "RHW"] {
        assert_eq!(me(&ready["siteKeys"][code])["odsCode"], code);
    }
}

/// A value of DER (X.690): its tag, its length and what is in it.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head: &[u8] = match content.len() {
        0..128 => &[tag, length[1]],
        128..256 => &[tag, 0x81, length[1]],
        _ => &[tag, 0x82, length[0], length[1]],
    };
    [head, &content].concat()
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
}

/// A certificate for `localhost` that nobody trusts, and its key, both as PEM (RFC 5280, section 4.1).
fn certificate() -> (String, String) {
    const SEQUENCE: u8 = 0x30;
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref()).unwrap();
    // ecdsa-with-SHA256, RFC 5758, section 3.2.
    let algorithm = der(
        SEQUENCE,
        &[&der(
            0x06,
            &[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]],
        )],
    );
    let common_name = [
        der(0x06, &[&[0x55, 0x04, 0x03]]),
        der(0x0C, &[b"localhost"]),
    ]
    .concat();
    let name = der(SEQUENCE, &[&der(0x31, &[&der(SEQUENCE, &[&common_name])])]);
    let times = [
        der(0x17, &[b"200101000000Z"]),
        der(0x17, &[b"491231235959Z"]),
    ]
    .concat();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let signed = der(
        SEQUENCE,
        &[
            // Version 3, and a serial number.
            &der(0xA0, &[&der(0x02, &[&[2]])]),
            &der(0x02, &[&[1]]),
            &algorithm,
            &name,
            &der(SEQUENCE, &[&times]),
            &name,
            public.as_ref(),
        ],
    );
    let signature = pair.sign(&random, &signed).unwrap();
    let signature = der(0x03, &[&[0], signature.as_ref()]);
    let certificate = der(SEQUENCE, &[&signed, &algorithm, &signature]);
    (
        pem("CERTIFICATE", &certificate),
        pem("PRIVATE KEY", key.as_ref()),
    )
}

#[test]
fn a_service_with_tls_is_reached_over_https_alone() {
    let (certificate, key) = certificate();
    let place = Place::new()
        .file("site.pem", &certificate)
        .file("site.key", &key)
        .variable("ALONGSIDE_TLS_CERTIFICATE", "site.pem")
        .variable("ALONGSIDE_TLS_KEY", "site.key")
        .variable("ALONGSIDE_ADDRESS", "0.0.0.0");
    let service = Running::start(&place, SERVE);
    let url = service.url();
    let port = url.rsplit(':').next().unwrap().to_owned();
    assert!(url.starts_with("https://0.0.0.0:"), "{url}");
    let health = Place::new()
        .variable("ALONGSIDE_TLS_CERTIFICATE", "site.pem")
        .variable("ALONGSIDE_TLS_KEY", "site.key")
        .variable("ALONGSIDE_ADDRESS", "0.0.0.0")
        .variable("ALONGSIDE_HTTP_PORT", &port)
        .run("health");
    health.assert_worked();
    assert_eq!(
        health.stdout,
        format!("https://127.0.0.1:{port} is healthy\n")
    );
    place
        .run(&format!("health --url http://127.0.0.1:{port}"))
        .assert_failed(FAILURE, &["is not healthy"]);
}

#[test]
fn behind_a_proxy_the_service_takes_any_host() {
    let place = Place::new();
    let service = Running::start(&place, &format!("{SERVE} --address 0.0.0.0 --behind-proxy"));
    let port = service.url().rsplit(':').next().unwrap().to_owned();
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let answer = agent
        .get(format!("http://127.0.0.1:{port}/_ping"))
        .header("Host", "alongside.example.nhs.uk")
        .call()
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}
