//! That nobody can find out who excludes it: its whole visible world, byte by byte, with and without the exclusion.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::header::{CONTENT_TYPE, IF_MATCH};
use actix_web::test::TestRequest;
use alongside::domain::exclusion::Exclusion;
use alongside::domain::ids::OdsCode;
use alongside::domain::version::{Expected, Version};
use alongside::storage::{Change, Connection, Touches, exclusions};
use serde_json::{Value, json};

use crate::support::calls::{Instead, calls};
use crate::support::database::a_change;
use crate::support::service::{Answer, As, TestService, now};
use crate::support::synthetic::SplitMix64;

/// DESIGN 6 and issue 4: the world of the excluded is the same in so many scenarios.
const N_SCENARIOS: usize = 1_000;

/// So many exclusions stand while the whole world is read.
const N_AT_ONCE: usize = 125;

const SEED: u64 = 26;

/// Operations whose answers are not the caller's alone: the counts of requests and the state of the database change with
/// every request, whatever it is.
const OF_THE_SERVICE: [&str; 2] = ["metrics", "status"];

/// All that an answer tells, but for the id of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    headers: Vec<String>,
    body: String,
}

impl Seen {
    fn of(answer: &Answer) -> Self {
        let headers = [
            "etag",
            "link",
            "location",
            "content-type",
            "content-length",
            "cache-control",
        ];
        let mut body = String::from_utf8_lossy(&answer.body).into_owned();
        if let Ok(Value::Object(mut fields)) = serde_json::from_str(&body)
            && fields.remove("traceId").is_some()
        {
            body = Value::Object(fields).to_string();
        }
        Self {
            status: answer.status,
            headers: headers.map(|name| answer.header(name).to_owned()).into(),
            body,
        }
    }
}

/// A site that may be excluded, as it calls.
#[derive(Clone, Copy)]
struct Site {
    caller: As,
    code: &'static str,
}

const SITES: [Site; 2] = [
    Site {
        caller: As::Rth,
        code: "RTH",
    },
    Site {
        caller: As::Rhw,
        code: "RHW",
    },
];

impl Site {
    async fn see(self, service: &TestService, requests: Requests) -> BTreeMap<String, Seen> {
        let (names, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        let answers = service.ask_all(self.caller, requests).await;
        names
            .into_iter()
            .zip(answers.iter().map(Seen::of))
            .collect()
    }

    /// Every operation that reads, about the site itself and about another, and every table in a file.
    fn whole_world(self, other: &str) -> Requests {
        let mut requests = Requests::new();
        for call in calls().iter().filter(|call| call.only_reads()) {
            if OF_THE_SERVICE.contains(&call.id) {
                continue;
            }
            for (here, there) in [(self.code, other), (other, self.code)] {
                let places = ["candidate", "with", "to"].map(|name| (name, there));
                let mut instead = Instead::from(places);
                instead.insert("odsCode", here);
                let address = call.address(&instead, |_| false);
                requests.insert(format!("{} {address}", call.method), call.request(&address));
            }
        }
        let tables = [
            "organisations",
            "systems",
            "attributes",
            "links",
            "memberships",
            "successions",
            "topics",
        ];
        for table in tables {
            let path = format!("/api/v1/exports/{table}");
            requests.insert(format!("get {path}"), TestRequest::get().uri(&path));
        }
        requests
    }

    /// The pair of the site and another, as the site sees it.
    fn pair_with(self, other: OdsCode) -> (String, TestRequest) {
        let path = format!("/api/v1/organisations/{}/suggestions/{other}", self.code);
        (path.clone(), TestRequest::get().uri(&path))
    }

    /// What an exclusion would most likely show in: its own suggestions, worked out under weights of its own, and its audit.
    fn near_world(self) -> Requests {
        let own = format!("/api/v1/organisations/{}", self.code);
        let audit = format!("{own}/audit");
        let question = json!({ "weights": { "geography": 1, "culture": 2 }, "limit": 2 });
        let post = TestRequest::post()
            .uri(&format!("{own}/suggestions"))
            .insert_header((CONTENT_TYPE, "application/json"))
            .set_payload(question.to_string());
        Requests::from([
            (audit.clone(), TestRequest::get().uri(&audit)),
            ("weights of its own".into(), post),
        ])
    }
}

type Requests = BTreeMap<String, TestRequest>;

fn assert_same(before: &BTreeMap<String, Seen>, after: &BTreeMap<String, Seen>, why: &str) {
    for (name, seen) in before {
        assert!(
            *seen == after[name],
            "{why}: {name}: {seen:?} became {:?}",
            after[name]
        );
    }
}

/// One site excludes another, as the interface does.
async fn exclude(service: &TestService, site: OdsCode, excluded: OdsCode, reason: Option<String>) {
    let change = Change {
        touches: Touches::Choices,
        action: "put_exclusion",
        ..a_change()
    };
    let said = Exclusion {
        ods_code: site,
        excluded,
        reason,
        created_at: now(),
        version: Version(0),
    };
    let put = move |c: &mut Connection| exclusions::put(c, said, &Expected::Any).map(|_| ());
    service.alongside.write(change, put).await.unwrap();
}

/// Every active organisation of the bundled data, but for one.
fn others(of: OdsCode) -> Vec<OdsCode> {
    let mut register = alongside::intake::bundled::load().unwrap().register;
    register.sort();
    let active = register
        .organisations
        .iter()
        .filter(|o| o.status.is_active());
    active
        .map(|o| o.ods_code)
        .filter(|&code| code != of)
        .collect()
}

/// In each scenario a random site excludes the one that looks, with a reason or without. What that one sees of the pair, of its
/// own suggestions and of its audit is read before and after; and after every [`N_AT_ONCE`] its whole world is read while all
/// of them stand, and is what it was before the first. Every revision, tag and count is in it.
#[actix_web::test]
async fn exclusions_cannot_be_found_out() {
    let service = TestService::bundled();
    let mut random = SplitMix64(SEED);
    for batch in 0..N_SCENARIOS / N_AT_ONCE {
        let site = SITES[batch % SITES.len()];
        let me = OdsCode::new(site.code).unwrap();
        let others = others(me);
        let mut draw = || others[random.below(others.len())];
        // It chooses something itself, which its world may show.
        let own = draw();
        if batch % 4 > 1 {
            exclude(&service, me, own, None).await;
        }
        let mut by = draw();
        let somebody = by;
        let whole = site
            .see(&service, site.whole_world(somebody.as_str()))
            .await;
        let n_good = whole.values().filter(|seen| seen.status == 200).count();
        assert!(
            whole.len() > 80 && n_good > 50,
            "{n_good} of {}",
            whole.len()
        );
        let mut before = site.see(&service, site.near_world()).await;
        before.extend(site.see(&service, [site.pair_with(by)].into()).await);
        for scenario in 0..N_AT_ONCE {
            let reason = (scenario % 2 == 1).then(|| format!("not with {me}"));
            exclude(&service, by, me, reason).await;
            // Whoever is next is read before it excludes.
            let next = draw();
            let mut requests = site.near_world();
            requests.extend([site.pair_with(by), site.pair_with(next)]);
            let after = site.see(&service, requests).await;
            assert_same(&before, &after, &format!("{by} excludes {me}"));
            before.remove(&site.pair_with(by).0);
            let pair = site.pair_with(next).0;
            before.insert(pair.clone(), after[&pair].clone());
            by = next;
        }
        let after = site
            .see(&service, site.whole_world(somebody.as_str()))
            .await;
        assert_same(&whole, &after, &format!("{N_AT_ONCE} exclude {me}"));
        service.database.execute("DELETE FROM exclusions");
        let nothing = |_: &mut Connection| Ok(());
        let change = Change {
            touches: Touches::Choices,
            ..a_change()
        };
        service.alongside.write(change, nothing).await.unwrap();
    }
}

/// The number of a write is everybody's: here one side excludes the other in one world, and a third in the other, by HTTP, and
/// then the other goes on with its own work. Its worlds are the same, the counts of requests that anybody may read included.
#[actix_web::test]
async fn nor_by_what_is_counted_or_numbered() {
    let worlds = [TestService::bundled(), TestService::bundled()];
    let [me, by] = SITES;
    let mut seen = Vec::new();
    for (service, excluded) in worlds.iter().zip([me.code, "RJ7"]) {
        let path = |code: &str| format!("/api/v1/organisations/{}/exclusions/{code}", by.code);
        for _ in 0..2 {
            let reason = json!({ "reason": "not with them" });
            service
                .put(by.caller, &path(excluded), &reason)
                .await
                .good();
            service
                .put(by.caller, &path(excluded), &json!({}))
                .await
                .good();
            let path = path(excluded);
            assert_eq!(service.delete(by.caller, &path).await.status, 204);
            service.put(by.caller, &path, &json!({})).await.good();
        }
        // What the other does meanwhile.
        let link = json!({ "with": by.code, "kind": "site_visit", "started": "2026-05-01" });
        let links = format!("/api/v1/organisations/{}/links", me.code);
        let sent = |request: TestRequest, path: String, body: Value| {
            // The audit has the ids of requests, which are otherwise made at random.
            let request = request
                .insert_header((IF_MATCH, "*"))
                .insert_header(("X-Request-ID", "its-own"));
            async move {
                service
                    .send(me.caller, request, &path, &body.to_string())
                    .await
            }
        };
        sent(TestRequest::post(), links, link).await.good();
        let weights = format!("/api/v1/organisations/{}/weights", me.code);
        let given = json!({ "weights": { "geography": 2, "culture": 1 } });
        sent(TestRequest::put(), weights, given).await.good();
        let need = json!({ "need": "urgent", "stage": null });
        let topics = format!("/api/v1/organisations/{}/topics/hepma", me.code);
        sent(TestRequest::put(), topics, need).await.good();
        let mut world = me.see(service, me.whole_world(by.code)).await;
        let metrics = service.get(As::Nobody, "/metrics").await;
        // Durations are the machine's, and lines come in any order.
        let counts = |text: String| -> String {
            let lines = text.lines().filter(|line| line.contains("_total"));
            lines.collect::<BTreeSet<_>>().into_iter().collect()
        };
        let mut metrics = Seen::of(&metrics);
        metrics.body = counts(metrics.body);
        metrics.headers.clear();
        assert!(!metrics.body.is_empty());
        world.insert("metrics".into(), metrics);
        seen.push(world);
    }
    assert_same(&seen[0], &seen[1], "in the two worlds");
}
