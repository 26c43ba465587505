//! Tokens of an identity provider, against a local one whose keys are made for the test.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::http::header::AUTHORIZATION;
use actix_web::test::{TestRequest, read_body};
use alongside::app::identity::{Identities, IdentitySettings, RoleNames};
use alongside::app::identity_keys::KeySource;
use alongside::http::{Clock, Peers, Service};
use alongside::random::Random;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::calls::{Instead, calls};
use crate::support::service::{Answer, As, Asked, TestService, application, now};

const ISSUER: &str = "https://id.example.nhs.uk/realms/alongside";
const AUDIENCE: &str = "alongside";

/// A key of the provider.
struct Signer {
    id: &'static str,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    fn new(id: &'static str, algorithm: Algorithm) -> Self {
        let random = SystemRandom::new();
        let key = match algorithm {
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
                EncodingKey::from_ec_der(pair.unwrap().as_ref())
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::generate_pkcs8v1(&random).unwrap();
                EncodingKey::from_ed_der(pair.as_ref())
            }
            _ => {
                let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
                // What PKCS #8 wraps around a key of this size is 26 bytes long; PKCS #1 is what is inside.
                EncodingKey::from_rsa_der(&der.as_ref()[26..])
            }
        };
        Self { id, algorithm, key }
    }

    fn jwk(&self) -> Value {
        let mut key =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap())
                .unwrap();
        key["kid"] = self.id.into();
        key["use"] = "sig".into();
        key
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.to_owned());
        encode(&header, claims, &self.key).unwrap()
    }
}

fn jwks(signers: &[&Signer]) -> String {
    json!({ "keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>() }).to_string()
}

/// The claims of a good token of RTH.
fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": [AUDIENCE, "account"], "sub": "7d5e", "exp": now().timestamp() + 300,
        "realm_access": { "roles": ["offline_access", "alongside-site"] }, "ods": "rth",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn settings(keys: KeySource) -> IdentitySettings {
    IdentitySettings {
        issuer: ISSUER.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        keys,
        role_claim: "realm_access.roles".to_owned(),
        ods_claim: "ods".to_owned(),
        roles: RoleNames {
            site: "alongside-site".to_owned(),
            programme_admin: "alongside-admin".to_owned(),
            viewer: "alongside-viewer".to_owned(),
        },
        leeway: TimeDelta::seconds(60),
    }
}

/// A service that takes tokens, with a clock that can be moved.
struct Taking {
    _inner: TestService,
    service: Service,
    seconds: Arc<AtomicI64>,
}

impl Taking {
    fn keys_at(source: KeySource) -> Self {
        let inner = TestService::bundled();
        let seconds = Arc::new(AtomicI64::new(0));
        let moved = Arc::clone(&seconds);
        let clock = Clock::of(move || now() + TimeDelta::seconds(moved.load(Ordering::Relaxed)));
        let identities = Identities::open(settings(source), now()).unwrap();
        let service = Service::new(Arc::clone(&inner.alongside), clock, Random::counted())
            .unwrap()
            .admitting(None, Some(Arc::new(identities)), Peers::Direct);
        Self {
            _inner: inner,
            service,
            seconds,
        }
    }

    fn of(signers: &[&Signer]) -> (Self, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, jwks(signers)).unwrap();
        (Self::keys_at(KeySource::File(path)), folder)
    }

    fn later(&self, seconds: i64) {
        self.seconds.store(seconds, Ordering::Relaxed);
    }

    async fn me(&self, token: &str) -> Answer {
        ask(&self.service, token, "/api/v1/me").await
    }

    async fn refuses(&self, token: &str, why: &str) {
        let answer = self.me(token).await;
        assert_eq!(answer.status, 401, "{why}");
        answer.problem(401, "/problems/invalid-key");
    }
}

/// Asks with a key or a token, from an address elsewhere.
pub(super) async fn ask(service: &Service, key: &str, path: &str) -> Answer {
    send(service, key, TestRequest::get().uri(path)).await
}

async fn send(service: &Service, key: &str, request: TestRequest) -> Answer {
    send_to(&application(service).await, key, request).await
}

async fn send_to(app: &Asked, key: &str, request: TestRequest) -> Answer {
    let request = request
        .peer_addr("192.0.2.1:1000".parse().unwrap())
        .insert_header((AUTHORIZATION, format!("Bearer {key}")));
    let response = app(request).await;
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: read_body(response).await,
    }
}

#[actix_web::test]
async fn a_token_is_taken_in_every_algorithm_of_two_keys() {
    for algorithm in [
        Algorithm::ES256,
        Algorithm::EdDSA,
        Algorithm::RS256,
        Algorithm::PS256,
    ] {
        let signer = Signer::new("1", algorithm);
        let (service, _folder) = Taking::of(&[&signer]);
        let me = service.me(&signer.sign(&claims())).await.good();
        assert_eq!(
            (&me["role"], &me["odsCode"], &me["knownBy"]),
            (&"site".into(), &"RTH".into(), &"token".into()),
            "{algorithm:?}"
        );
        let expires: DateTime<Utc> = me["expiresAt"].as_str().unwrap().parse().unwrap();
        assert_eq!(expires, now() + TimeDelta::minutes(5));
    }
}

#[actix_web::test]
async fn who_calls_is_known_by_a_digest_and_not_by_name() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let me = service
        .me(&signer.sign(&with("sub", "jane@example.org".into())))
        .await
        .good();
    let id = me["id"].as_str().unwrap();
    assert!(id.starts_with("oidc:") && id.len() == 69, "{id}");
    assert!(!me.to_string().contains("jane"));
}

#[actix_web::test]
async fn a_site_reads_its_own_with_a_token_and_no_other() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let token = signer.sign(&claims());
    ask(&service.service, &token, "/api/v1/admin/keys")
        .await
        .problem(403, "/problems/forbidden");
}

/// A person who acts for two sites asks for the same of both, with one key.
#[actix_web::test]
async fn what_was_done_for_one_site_is_no_answer_for_another_of_the_same_person() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let approach = |token: String| {
        let service = &service.service;
        async move {
            let request = TestRequest::post()
                .uri("/api/v1/approaches")
                .insert_header(("Idempotency-Key", "k-1"))
                .set_json(json!({ "to": "RJ7", "kind": "conversation" }));
            send(service, &token, request).await
        }
    };
    let one = signer.sign(&claims());
    assert_eq!(approach(one.clone()).await.status, 201);
    let again = approach(one).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    approach(signer.sign(&with("ods", "rhw".into())))
        .await
        .problem(422, "/problems/idempotency-key-reused");
}

/// What a caller with a role of the provider is told, against a caller with a key of the same role: every operation, on one's
/// own, another's and nobody's.
#[actix_web::test]
async fn a_token_may_what_a_key_of_its_role_may_and_no_more() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let roles = |role: &str| json!({ "roles": [role] });
    let callers = [
        (As::Rth, claims()),
        (As::Admin, with("realm_access", roles("alongside-admin"))),
        (As::Viewer, with("realm_access", roles("alongside-viewer"))),
    ];
    let mut wrong = Vec::new();
    let mut n_compared = 0;
    let app = application(&service.service).await;
    for call in calls() {
        for code in ["RTH", "RHW", "ZZZ99"] {
            let address = call.address(&Instead::from([("odsCode", code)]), |_| false);
            for (caller, claims) in &callers {
                let key = caller.key().unwrap();
                let with_key = send_to(&app, key.reveal(), call.request(&address)).await;
                let is_refused = matches!(with_key.status, 401 | 403 | 404);
                // What a key changed cannot always be changed once more.
                if !call.only_reads() && !is_refused {
                    continue;
                }
                let token = signer.sign(claims);
                let with_token = send_to(&app, &token, call.request(&address)).await;
                n_compared += 1;
                if with_token.status != with_key.status {
                    wrong.push(format!(
                        "{} {caller:?} {code}: {}, not {}",
                        call.id, with_token.status, with_key.status
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_compared > 3 * calls().len(), "{n_compared}");
}

#[actix_web::test]
async fn keys_go_on_working_beside_tokens() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let key = As::Admin.key().unwrap();
    let me = service.me(key.reveal()).await.good();
    assert_eq!(me["role"], "programme_admin");
}

#[actix_web::test]
async fn a_token_that_is_not_good_is_refused() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let at = |seconds: i64| json!(now().timestamp() + seconds);
    for (claims, why) in [
        (with("iss", "https://evil.example".into()), "issuer"),
        (with("iss", json!([ISSUER])), "a list of issuers"),
        (with("aud", "another".into()), "audience"),
        (with("aud", json!([])), "no audience"),
        (with("exp", at(-60)), "expired"),
        (with("exp", "never".into()), "expiry that is no time"),
        (with("nbf", at(61)), "not yet good"),
        (with("nbf", "now".into()), "beginning that is no time"),
        (with("sub", "".into()), "empty subject"),
        (with("sub", 7.into()), "subject that is no text"),
        (without("iss"), "without issuer"),
        (without("aud"), "without audience"),
        (without("exp"), "without expiry"),
        (without("sub"), "without subject"),
    ] {
        service.refuses(&signer.sign(&claims), why).await;
    }
    for (claims, why) in [
        (with("exp", at(-59)), "within the leeway"),
        (with("nbf", at(60)), "within the leeway"),
    ] {
        let answer = service.me(&signer.sign(&claims)).await;
        assert_eq!(answer.status, 200, "{why}");
    }
}

#[actix_web::test]
async fn a_token_without_a_role_here_is_forbidden() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    for claims in [
        with("realm_access", json!({ "roles": ["another"] })),
        without("realm_access"),
        without("ods"),
        with("ods", "not a code".into()),
    ] {
        service
            .me(&signer.sign(&claims))
            .await
            .problem(403, "/problems/forbidden");
    }
    let both = json!({ "roles": ["alongside-viewer", "alongside-admin"] });
    let me = service.me(&signer.sign(&with("realm_access", both))).await;
    assert_eq!(me.good()["role"], "programme_admin");
}

#[actix_web::test]
async fn a_token_that_another_signed_is_refused() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let impostor = Signer::new("1", Algorithm::ES256);
    service
        .refuses(&impostor.sign(&claims()), "another key")
        .await;
    let other_kind = Signer::new("1", Algorithm::EdDSA);
    service
        .refuses(&other_kind.sign(&claims()), "another algorithm")
        .await;
    let good = signer.sign(&claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    for broken in [
        format!("{signed}."),
        format!("{signed}.AAAA"),
        format!("{}.{signature}", signed.replace("ey", "ex")),
        signed.to_owned(),
        "a.b.c".to_owned(),
        ". .".to_owned(),
        format!("{signed}.{signature}.{signature}"),
        "e30.".repeat(10_000),
    ] {
        service
            .refuses(&broken, &broken[..20.min(broken.len())])
            .await;
    }
}

#[actix_web::test]
async fn a_token_that_is_signed_by_nobody_or_with_a_public_key_is_refused() {
    let signer = Signer::new("1", Algorithm::RS256);
    let (service, _folder) = Taking::of(&[&signer]);
    let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let header = part(json!({ "alg": algorithm, "typ": "JWT", "kid": "1" }));
        let unsigned = format!("{header}.{}.", part(claims()));
        service.refuses(&unsigned, algorithm).await;
    }
    // The classic confusion: the public key, which all may know, as the secret of an HMAC.
    let public = signer.jwk();
    let modulus = BASE64URL_NOPAD
        .decode(public["n"].as_str().unwrap().as_bytes())
        .unwrap();
    for secret in [modulus, public.to_string().into_bytes()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = Header::new(algorithm);
            header.kid = Some("1".to_owned());
            let forged = encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
            service.refuses(&forged, "HMAC").await;
        }
    }
    let mut critical = Header::new(Algorithm::RS256);
    critical.kid = Some("1".to_owned());
    critical.crit = Some(vec!["b64".to_owned()]);
    let token = encode(&critical, &claims(), &signer.key).unwrap();
    service.refuses(&token, "critical").await;
}

#[actix_web::test]
async fn a_token_that_was_taken_is_refused_once_it_expired() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let token = signer.sign(&claims());
    service.me(&token).await.good();
    service.later(359);
    service.me(&token).await.good();
    service.later(360);
    service.refuses(&token, "expired").await;
}

/// An identity provider that serves its keys, counts how often, and can be taken away.
struct Provider {
    url: String,
    keys: Arc<Mutex<Option<String>>>,
    n_asked: Arc<AtomicUsize>,
}

impl Provider {
    fn serving(keys: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let keys = Arc::new(Mutex::new(keys));
        let n_asked = Arc::new(AtomicUsize::new(0));
        let (served, asked) = (Arc::clone(&keys), Arc::clone(&n_asked));
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                asked.fetch_add(1, Ordering::SeqCst);
                let mut head = [0; 2048];
                assert!(connection.read(&mut head).unwrap() > 0);
                let answer = match &*served.lock().unwrap() {
                    Some(keys) => format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{keys}",
                        keys.len()
                    ),
                    None => "HTTP/1.1 503 Away\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        .to_owned(),
                };
                connection.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, keys, n_asked }
    }

    fn serve(&self, keys: Option<String>) {
        *self.keys.lock().unwrap() = keys;
    }

    fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }

    fn source(&self) -> KeySource {
        KeySource::Url {
            url: self.url.clone(),
            roots: None,
        }
    }
}

#[actix_web::test]
async fn a_new_key_of_the_provider_is_found_and_an_old_one_is_given_up() {
    let (old, new) = (
        Signer::new("old", Algorithm::ES256),
        Signer::new("new", Algorithm::RS256),
    );
    let provider = Provider::serving(Some(jwks(&[&old])));
    let service = Taking::keys_at(provider.source());
    let token = old.sign(&claims());
    service.me(&token).await.good();
    provider.serve(Some(jwks(&[&new])));
    service.later(31);
    service.me(&new.sign(&claims())).await.good();
    service.refuses(&token, "a key that was given up").await;
}

#[actix_web::test]
async fn unknown_keys_are_looked_for_at_most_every_30_s() {
    let (known, unknown) = (
        Signer::new("known", Algorithm::ES256),
        Signer::new("unknown", Algorithm::ES256),
    );
    let provider = Provider::serving(Some(jwks(&[&known])));
    let service = Taking::keys_at(provider.source());
    for _ in 0..5 {
        service.refuses(&unknown.sign(&claims()), "unknown").await;
    }
    assert_eq!(provider.n_asked(), 2);
    service.later(29);
    service.refuses(&unknown.sign(&claims()), "unknown").await;
    assert_eq!(provider.n_asked(), 2);
    service.later(30);
    service.refuses(&unknown.sign(&claims()), "unknown").await;
    assert_eq!(provider.n_asked(), 3);
}

#[actix_web::test]
async fn known_keys_go_on_working_while_the_provider_is_away() {
    let (known, unknown) = (
        Signer::new("known", Algorithm::ES256),
        Signer::new("unknown", Algorithm::ES256),
    );
    let provider = Provider::serving(Some(jwks(&[&known])));
    let service = Taking::keys_at(provider.source());
    for gone in [None, Some("not json".to_owned()), Some("x".repeat(1 << 20))] {
        provider.serve(gone);
        service.later(service.seconds.load(Ordering::Relaxed) + 31);
        service.refuses(&unknown.sign(&claims()), "unknown").await;
        service.me(&known.sign(&claims())).await.good();
    }
}

#[actix_web::test]
async fn the_service_starts_before_its_provider() {
    let signer = Signer::new("1", Algorithm::ES256);
    let provider = Provider::serving(None);
    let service = Taking::keys_at(provider.source());
    service
        .refuses(&signer.sign(&claims()), "no keys yet")
        .await;
    provider.serve(Some(jwks(&[&signer])));
    service.later(31);
    service.me(&signer.sign(&claims())).await.good();
}

#[actix_web::test]
async fn a_token_of_a_site_that_is_not_recorded_gives_no_role() {
    let signer = Signer::new("1", Algorithm::ES256);
    let (service, _folder) = Taking::of(&[&signer]);
    let token = signer.sign(&with("ods", "ZZ9".into()));
    for path in ["/api/v1/me", "/api/v1/organisations/ZZ9/weights"] {
        ask(&service.service, &token, path)
            .await
            .problem(403, "/problems/forbidden");
    }
    // A closed one is still itself.
    let token = signer.sign(&with("ods", "RW6".into()));
    assert_eq!(service.me(&token).await.good()["odsCode"], "RW6");
}
