//! The match board: every number that it shows is worked out here once more, from what was stored.

use std::collections::BTreeSet;
use std::io::Cursor;

use actix_web::http::header::IF_MATCH;
use actix_web::test::TestRequest;
use alongside::domain::approach::{ApproachReason, ApproachState};
use alongside::domain::ids::OdsCode;
use alongside::domain::partnership::PartnershipState;
use alongside::storage::audit::{self, Entry};
use alongside::storage::{Change, Touches};
use calamine::{Data, Reader as _, Xlsx};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::matches::{Made, SECRET_WORDS, check_ins_sql, code, id, many, open, store};
use crate::support::service::{As, TestService, now};

const BOARD: &str = "/api/v1/admin/matches";

const FLAGS: [&str; 6] = [
    "low_coverage",
    "one_sided",
    "far",
    "over_asked",
    "stalled",
    "cooled_off",
];

/// The active organisations of the bundled data, with board and region.
async fn organisations(service: &TestService) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = Some("/api/v1/organisations?status=active&limit=200".to_owned());
    while let Some(path) = next {
        let page = service.get(As::Admin, &path).await.good();
        let items = page["items"].as_array().unwrap().iter();
        all.extend(items.map(|item| item["organisation"].clone()));
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    all
}

pub(super) fn filled(service: &TestService, all: &[Made]) {
    store(service.alongside.storage(), all);
    let sql = check_ins_sql(all);
    if !sql.is_empty() {
        service.database.execute(&sql);
    }
}

/// Every match that a query lists, page by page.
async fn listed(service: &TestService, query: &str) -> (Vec<Value>, u64) {
    let mut all = Vec::new();
    let mut next = Some(format!("{BOARD}?limit=37{query}"));
    let mut total = 0;
    while let Some(path) = next {
        let page = service.get(As::Admin, &path).await.good();
        total = page["total"].as_u64().unwrap();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    (all, total)
}

fn ids(items: &[Value]) -> Vec<String> {
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The state of an approach as it stands, by the rule of DESIGN 6 alone.
pub(super) fn state(made: &Made, now: DateTime<Utc>) -> &'static str {
    let kept = made.approach.state.as_str();
    if kept == "sent" && made.approach.sent_at + TimeDelta::days(28) <= now {
        "expired"
    } else {
        kept
    }
}

fn is_active(made: &Made) -> bool {
    made.partnership
        .as_ref()
        .is_some_and(|p| p.state == PartnershipState::Active)
}

/// Whether a match waits for long: the rule once more, in other words.
pub(super) fn is_stalled(made: &Made, now: DateTime<Utc>) -> bool {
    let long_ago = now - TimeDelta::days(90);
    let is_quiet = is_active(made)
        && made.partnership.as_ref().unwrap().started_on < long_ago.date_naive()
        && !made.check_ins.iter().any(|(_, at, _)| *at >= long_ago);
    let waits = state(made, now) == "sent" && now - made.approach.sent_at > TimeDelta::days(14);
    waits || is_quiet
}

fn flags(made: &Made, all: &[Made], now: DateTime<Utc>) -> Vec<&'static str> {
    let seen = made.approach.seen.as_ref();
    let fit = seen.map(|seen| &seen.programme);
    let asked = all
        .iter()
        .filter(|other| other.approach.to == made.approach.to && state(other, now) == "sent");
    let holds = [
        fit.is_some_and(|fit| fit.coverage < 0.5),
        fit.is_some_and(|fit| (fit.from_fit.expected() - fit.to_fit.expected()).abs() >= 0.25),
        seen.is_some_and(|seen| seen.distance_km.is_some_and(|km| km > 200.0)),
        state(made, now) == "sent" && asked.count() >= 8,
        is_stalled(made, now),
        made.approach.state == ApproachState::Declined
            && made.approach.reason == Some(ApproachReason::NotAFit)
            && now - made.approach.answered_at.unwrap() < TimeDelta::days(90),
    ];
    FLAGS
        .into_iter()
        .zip(holds)
        .filter(|(_, holds)| *holds)
        .map(|(flag, _)| flag)
        .collect()
}

async fn random_board() -> (TestService, Vec<Made>, Vec<Value>) {
    let service = TestService::bundled();
    let organisations = organisations(&service).await;
    let codes: Vec<OdsCode> = organisations
        .iter()
        .take(40)
        .map(|o| code(o["odsCode"].as_str().unwrap()))
        .collect();
    let all = many(&codes, 400, 7, now());
    filled(&service, &all);
    (service, all, organisations)
}

#[actix_web::test]
async fn every_number_of_a_match_is_that_of_what_was_stored() {
    let (service, all, _) = random_board().await;
    let (items, total) = listed(&service, "").await;
    assert_eq!((items.len(), total), (400, 400));
    let mut n_flags = [0; FLAGS.len()];
    for (item, made) in items.iter().rev().zip(&all) {
        let approach = &made.approach;
        assert_eq!(item["id"], approach.id.as_str());
        assert_eq!(item["kind"], approach.kind.as_str());
        assert_eq!(item["state"], state(made, now()));
        assert_eq!(item["from"]["odsCode"], approach.from.as_str());
        assert_eq!(item["to"]["odsCode"], approach.to.as_str());
        let days = (now() - approach.sent_at).num_seconds() / 86_400;
        assert_eq!(item["ageDays"], days);
        assert_eq!(item["reason"], json!(approach.reason.map(|r| r.as_str())));
        assert_eq!(item["topics"], json!({"learn": ["hepma"], "give": ["epr"]}));
        let partnership = made.partnership.as_ref();
        assert_eq!(item["partnership"]["id"], json!(partnership.map(|p| &p.id)));
        let partnership_state = partnership.map(|p| p.state.as_str());
        assert_eq!(item["partnership"]["state"], json!(partnership_state));
        for (side, of) in [("from", approach.from), ("to", approach.to)] {
            let last = made.check_ins.iter().rfind(|(code, ..)| *code == of);
            assert_eq!(item["usefulness"][side], json!(last.map(|(.., n)| *n)));
        }
        match &approach.seen {
            None => assert!(item["then"].is_null()),
            Some(seen) => {
                let then = &item["then"];
                let shown = |pointer: &str| then.pointer(pointer).and_then(Value::as_f64);
                let fit = &seen.programme;
                for (pointer, number) in [
                    ("/mutualFit/low", fit.mutual_fit.low()),
                    ("/mutualFit/expected", fit.mutual_fit.expected()),
                    ("/mutualFit/high", fit.mutual_fit.high()),
                    ("/fromFit/expected", fit.from_fit.expected()),
                    ("/toFit/expected", fit.to_fit.expected()),
                    ("/coverage", fit.coverage),
                ] {
                    assert!((shown(pointer).unwrap() - number).abs() < 1e-6, "{then}");
                }
                assert_eq!(then["distanceKm"], json!(seen.distance_km));
                assert_eq!(
                    (&then["revision"], &then["methodVersion"]),
                    (&json!(1), &json!("1"))
                );
            }
        }
        let expected = flags(made, &all, now());
        assert_eq!(item["flags"], json!(expected), "{item}");
        for (n, flag) in n_flags.iter_mut().zip(FLAGS) {
            *n += usize::from(expected.contains(&flag));
        }
    }
    assert!(
        n_flags.iter().all(|n| *n > 0),
        "a flag is never there: {n_flags:?}"
    );
}

#[actix_web::test]
async fn the_scores_of_today_are_those_of_a_suggestion_to_staff() {
    let (service, _, _) = random_board().await;
    let (items, _) = listed(&service, "&state=sent").await;
    is_that_of_a_suggestion(&service, &items).await;
    // In a programme of their own, with weights of its own, it is the same question.
    let programmes = "/api/v1/admin/programmes";
    let body = json!({ "name": "Near ones" });
    let made = service.post(As::Admin, programmes, &body).await;
    assert_eq!(made.status, 201);
    let ours = format!("{programmes}/near-ones");
    let body = json!({ "weights": { "geography": 1 } });
    let path = format!("{ours}/weights");
    service.put(As::Admin, &path, &body).await.good();
    for item in items.iter().take(12) {
        let path = format!(
            "{ours}/members/{}",
            item["from"]["odsCode"].as_str().unwrap()
        );
        service.put(As::Admin, &path, &json!({})).await.good();
    }
    let (joined, _) = listed(&service, "&state=sent").await;
    let is_moved = |(then, now): (&Value, &Value)| then["now"] != now["now"];
    assert!(
        items
            .iter()
            .zip(&joined)
            .take(12)
            .filter(|&pair| is_moved(pair))
            .count()
            > 5
    );
    is_that_of_a_suggestion(&service, &joined).await;
}

async fn is_that_of_a_suggestion(service: &TestService, items: &[Value]) {
    let mut n_scored = 0;
    for item in items.iter().take(12) {
        let (from, to) = (&item["from"]["odsCode"], &item["to"]["odsCode"]);
        let path = format!(
            "/api/v1/organisations/{}/suggestions/{}",
            from.as_str().unwrap(),
            to.as_str().unwrap()
        );
        let answer = service.get(As::Admin, &path).await;
        if answer.status != 200 {
            assert!(item["now"].is_null(), "{item}");
            continue;
        }
        let pair = answer.json()["suggestion"].clone();
        assert!(pair.is_object(), "{pair}");
        assert_eq!(item["now"]["mutualFit"], pair["mutualFit"]);
        assert_eq!(item["now"]["fromFit"], pair["yourFit"]);
        assert_eq!(item["now"]["toFit"], pair["theirFit"]);
        assert_eq!(item["now"]["coverage"], pair["coverage"]);
        assert_eq!(item["now"]["distanceKm"], pair["distanceKm"]);
        n_scored += 1;
    }
    assert!(n_scored > 5);
}

#[actix_web::test]
async fn every_filter_lists_what_it_says_and_nothing_else() {
    let (service, all, organisations) = random_board().await;
    let board = |code: OdsCode, field: &str| {
        let of = organisations.iter().find(|o| o["odsCode"] == code.as_str());
        of.and_then(|o| o[field].as_str().map(str::to_owned))
    };
    let some_icb = board(all[0].approach.from, "icbCode").unwrap();
    let some_region = board(all[0].approach.from, "regionCode").unwrap();
    let one = all[0].approach.from;
    type Holds<'a> = Box<dyn Fn(&Made) -> bool + 'a>;
    let mut filters: Vec<(String, Holds<'_>)> = Vec::new();
    for name in [
        "sent",
        "accepted",
        "declined",
        "withdrawn",
        "expired",
        "ended",
    ] {
        filters.push((
            format!("&state={name}"),
            Box::new(move |made| state(made, now()) == name),
        ));
    }
    for flag in FLAGS {
        let all = &all;
        filters.push((
            format!("&flag={flag}"),
            Box::new(move |made| flags(made, all, now()).contains(&flag)),
        ));
    }
    for name in ["active", "ended"] {
        filters.push((
            format!("&partnership={name}"),
            Box::new(move |made| {
                made.partnership
                    .as_ref()
                    .is_some_and(|p| p.state.as_str() == name)
            }),
        ));
    }
    filters.push((
        "&kind=conversation".into(),
        Box::new(|made| made.approach.kind.as_str() == "conversation"),
    ));
    filters.push((
        "&programme=default".into(),
        Box::new(|made| made.approach.programme.is_some()),
    ));
    filters.push((
        format!("&odsCode={one}"),
        Box::new(move |made| made.approach.has_party(one)),
    ));
    filters.push((
        format!("&icb={some_icb}"),
        Box::new(|made| {
            [made.approach.from, made.approach.to]
                .iter()
                .any(|c| board(*c, "icbCode").as_ref() == Some(&some_icb))
        }),
    ));
    filters.push((
        format!("&region={some_region}&state=declined"),
        Box::new(|made| {
            state(made, now()) == "declined"
                && [made.approach.from, made.approach.to]
                    .iter()
                    .any(|c| board(*c, "regionCode").as_ref() == Some(&some_region))
        }),
    ));
    filters.push((
        "&from=2026-08-01&until=2026-09-30".into(),
        Box::new(|made| {
            let day = made.approach.sent_at.date_naive().to_string();
            ("2026-08-01".to_owned()..="2026-09-30".to_owned()).contains(&day)
        }),
    ));
    for (query, holds) in &filters {
        let expected: Vec<String> = all
            .iter()
            .rev()
            .filter(|made| holds(made))
            .map(|made| made.approach.id.clone())
            .collect();
        let (items, total) = listed(&service, query).await;
        assert_eq!(ids(&items), expected, "{query}");
        assert_eq!(total, expected.len() as u64, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
}

#[actix_web::test]
async fn the_orders_are_total_and_pages_leave_nothing_out() {
    let (service, all, _) = random_board().await;
    let fit = |made: &Made| {
        let seen = made.approach.seen.as_ref();
        seen.map_or(-1.0, |seen| seen.programme.mutual_fit.expected())
    };
    let in_order = |sorted: Vec<&Made>| -> Vec<String> {
        sorted.iter().map(|made| made.approach.id.clone()).collect()
    };
    let oldest: Vec<&Made> = all.iter().collect();
    let (items, _) = listed(&service, "&order=age").await;
    assert_eq!(ids(&items), in_order(oldest.clone()));
    let mut by_fit: Vec<&Made> = oldest.into_iter().rev().collect();
    by_fit.sort_by(|a, b| fit(b).total_cmp(&fit(a)));
    let (items, _) = listed(&service, "&order=fit").await;
    assert_eq!(ids(&items), in_order(by_fit));
    for broken in [
        "order=best",
        "state=open",
        "flag=x",
        "resolved=yes",
        "limit=201",
        "page=2",
    ] {
        let status = service
            .get(As::Admin, &format!("{BOARD}?{broken}"))
            .await
            .status;
        assert!(matches!(status, 400 | 422), "{broken} {status}");
    }
}

#[actix_web::test]
async fn viewers_are_not_shown_why_a_site_declined() {
    let service = TestService::bundled();
    let declined = |number, to, reason| {
        let made = open(number, "RTH", to, now() - TimeDelta::days(9));
        made.answered(
            ApproachState::Declined,
            now() - TimeDelta::days(2),
            Some(reason),
        )
    };
    let merged = open(2, "RTH", "RJ7", now() - TimeDelta::days(9)).answered(
        ApproachState::Ended,
        now() - TimeDelta::days(2),
        Some(ApproachReason::Merged),
    );
    let made = [declined(1, "RHW", ApproachReason::NotAFit), merged];
    filled(&service, &made);
    let path = format!("{BOARD}/{}", made[0].approach.id);
    let admin = service.get(As::Admin, &path).await.good();
    assert_eq!(
        (&admin["reason"], &admin["flags"]),
        (&json!("not_a_fit"), &json!(["cooled_off"]))
    );
    let viewer = service.get(As::Viewer, &path).await.good();
    assert_eq!(
        (&viewer["reason"], &viewer["flags"], &viewer["state"]),
        (&Value::Null, &json!([]), &json!("declined"))
    );
    let page = service.get(As::Viewer, BOARD).await.good();
    assert_eq!(page["items"][0]["reason"], "merged");
    assert_eq!(page["items"][1]["reason"], Value::Null);
    for path in [
        format!("{BOARD}/export"),
        "/api/v1/admin/pipeline/export".to_owned(),
        "/api/v1/admin/pipeline?limit=200".to_owned(),
    ] {
        for (who, is_there) in [(As::Admin, true), (As::Viewer, false)] {
            let answer = service.get(who, &path).await;
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            assert_eq!(answer.status, 200, "{path}");
            let shows = ["not_a_fit", "cooled_off", "cooling_off"].map(|word| body.contains(word));
            assert_eq!(shows.contains(&true), is_there, "{path}");
        }
    }
    for path in [
        format!("{BOARD}?flag=cooled_off"),
        format!("{BOARD}/export?flag=cooled_off"),
        "/api/v1/admin/pipeline?why=cooling_off".to_owned(),
    ] {
        assert_eq!(service.get(As::Admin, &path).await.status, 200, "{path}");
        assert_eq!(service.get(As::Viewer, &path).await.status, 403, "{path}");
    }
}

fn one_match(service: &TestService) -> String {
    let made =
        open(1, "RTH", "RHW", now() - TimeDelta::days(3)).partnered(1, now() - TimeDelta::days(1));
    filled(service, std::slice::from_ref(&made));
    made.approach.id
}

#[actix_web::test]
async fn staff_see_nothing_of_what_the_two_wrote_and_sites_nothing_of_a_review() {
    let service = TestService::bundled();
    let id = one_match(&service);
    let text = "A comment that only staff may read.";
    let path = format!("{BOARD}/{id}");
    let comment = service
        .post(
            As::Admin,
            &format!("{path}/comments"),
            &json!({ "text": text }),
        )
        .await;
    assert_eq!(comment.status, 201);
    let resolution = json!({ "resolution": "reviewed", "reason": "A reason for staff alone." });
    service
        .post(As::Admin, &format!("{path}/resolve"), &resolution)
        .await
        .good();
    for path in [
        BOARD.to_owned(),
        path.clone(),
        format!("{BOARD}/export"),
        format!("{path}/comments"),
    ] {
        let answer = service.get(As::Viewer, &path).await;
        let body = String::from_utf8(answer.body.to_vec()).unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert!(!body.contains(SECRET_WORDS), "{path}");
    }
    let in_full = service.get(As::Viewer, &path).await.good();
    assert_eq!(in_full["firstComments"][0]["text"], text);
    assert_eq!(in_full["review"]["resolution"], "reviewed");
    assert_eq!(in_full["review"]["comments"], 1);
    let disk = service.bytes_on_disk();
    for words in [text, "A reason for staff alone.", SECRET_WORDS] {
        let is_there = disk
            .windows(words.len())
            .any(|part| part == words.as_bytes());
        assert!(!is_there, "{words}");
    }
    for site in [As::Rth, As::Rhw] {
        let code = if site == As::Rth { "RTH" } else { "RHW" };
        let own = format!("/api/v1/organisations/{code}/audit");
        let rows = service.get(site, &own).await.good();
        assert_eq!(rows["items"], json!([]), "{rows}");
        assert_eq!(service.get(site, &path).await.status, 403);
    }
    let audit = service
        .get(As::Admin, "/api/v1/admin/audit?subjectKind=match_reviews")
        .await
        .good();
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["resolve_match", "comment_on_match"]);
    assert!(!audit.to_string().contains("staff"), "{audit}");
}

#[actix_web::test]
async fn a_review_changes_nothing_of_what_the_two_agreed() {
    let service = TestService::bundled();
    let id = one_match(&service);
    let agreed = |service: &TestService| {
        service.texts(
            "SELECT id || state || version AS text FROM approaches UNION ALL \
             SELECT id || state || version AS text FROM partnerships ORDER BY 1",
        )
    };
    let before = agreed(&service);
    let path = format!("{BOARD}/{id}");
    let reviewed = json!({ "resolution": "no_action", "reason": "All is well." });
    let resolve = format!("{path}/resolve");
    service.post(As::Admin, &resolve, &reviewed).await.good();
    service
        .post(As::Admin, &resolve, &reviewed)
        .await
        .problem(409, "/problems/match-resolved");
    let (resolved, _) = listed(&service, "&resolved=true").await;
    assert_eq!(ids(&resolved), [id.as_str()]);
    assert!(listed(&service, "&resolved=false").await.0.is_empty());
    let reopen = format!("{path}/reopen");
    let review = service
        .ask(As::Admin, TestRequest::post().uri(&reopen))
        .await
        .good();
    assert_eq!(
        (&review["resolution"], &review["resolutionReason"]),
        (&Value::Null, &Value::Null)
    );
    service
        .ask(As::Admin, TestRequest::post().uri(&reopen))
        .await
        .problem(409, "/problems/match-not-resolved");
    let broken = json!({ "resolution": "accepted", "reason": "" });
    let refused = service
        .post(As::Admin, &resolve, &broken)
        .await
        .problem(422, "/problems/invalid-request");
    assert_eq!(refused["errors"].as_array().unwrap().len(), 2);
    assert_eq!(agreed(&service), before);
}

#[actix_web::test]
async fn a_match_is_an_admins_to_look_after_and_nobody_elses() {
    let service = TestService::bundled();
    let id = one_match(&service);
    let keys = service.get(As::Admin, "/api/v1/admin/keys").await.good();
    let key = |role: &str, state: &str| {
        let items = keys["items"].as_array().unwrap();
        let found = items
            .iter()
            .find(|key| key["role"] == role && key["state"] == state);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let admin = key("programme_admin", "good");
    let path = format!("{BOARD}/{id}/assignment");
    let put = |tag: String, assignee: Value| {
        let request = TestRequest::put().insert_header((IF_MATCH, tag));
        (request, json!({ "assignee": assignee }).to_string())
    };
    let tag = service
        .get(As::Admin, &format!("{BOARD}/{id}"))
        .await
        .header("etag")
        .to_owned();
    let (request, body) = put(tag.clone(), json!(admin));
    let assigned = service.send(As::Admin, request, &path, &body).await;
    assert_eq!(assigned.good()["assignee"], json!(admin));
    // The same version again was seen by somebody who does not know of the change.
    let (request, body) = put(tag, Value::Null);
    let stale = service.send(As::Admin, request, &path, &body).await;
    assert_eq!(stale.status, 412);
    let (mine, _) = listed(&service, &format!("&assignee={admin}")).await;
    assert_eq!(ids(&mine), [id.as_str()]);
    for other in [
        key("viewer", "good"),
        key("site", "good"),
        "99999999-9999-4999-8999-999999999999".to_owned(),
        "somebody".to_owned(),
    ] {
        let (request, body) = put("*".into(), json!(other));
        let refused = service.send(As::Admin, request, &path, &body).await;
        refused.problem(422, "/problems/invalid-request");
    }
    let (request, body) = put("*".into(), Value::Null);
    let freed = service.send(As::Admin, request, &path, &body).await.good();
    assert_eq!(freed["assignee"], Value::Null);
}

#[actix_web::test]
async fn many_are_changed_each_with_an_outcome_of_its_own() {
    let service = TestService::bundled();
    let all: Vec<Made> = [("RTH", "RHW"), ("RTH", "RJ7"), ("RHW", "RJ7")]
        .into_iter()
        .zip(1..)
        .map(|((from, to), number)| open(number, from, to, now() - TimeDelta::days(2)))
        .collect();
    filled(&service, &all);
    let resolve = json!({ "resolution": "reviewed", "reason": "Seen." });
    let path = format!("{BOARD}/{}/resolve", id(0, 2));
    service.post(As::Admin, &path, &resolve).await.good();
    let nobody = id(9, 9);
    let bulk = json!({
        "ids": [id(0, 1), id(0, 2), nobody, id(0, 3)],
        "action": "resolve", "resolution": "duplicate", "reason": "The same again."
    });
    let send = |body: Value| {
        let request = TestRequest::post().insert_header(("Idempotency-Key", "one"));
        (request, body.to_string())
    };
    let (request, body) = send(bulk.clone());
    let path = format!("{BOARD}/bulk");
    let first = service.send(As::Admin, request, &path, &body).await;
    assert_eq!(first.status, 207);
    let items = first.json()["items"].clone();
    let statuses: Vec<u64> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 409, 404, 200]);
    assert_eq!(items[1]["problem"]["type"], "/problems/match-resolved");
    assert_eq!(items[0]["problem"], Value::Null);
    let (done, _) = listed(&service, "&resolved=true").await;
    let resolutions: Vec<&str> = done
        .iter()
        .map(|item| item["review"]["resolution"].as_str().unwrap())
        .collect();
    assert_eq!(resolutions, ["duplicate", "reviewed", "duplicate"]);
    // The same request again is answered as it was, and does nothing.
    let (request, body) = send(bulk);
    let again = service.send(As::Admin, request, &path, &body).await;
    assert_eq!(
        (again.status, again.body.clone()),
        (207, first.body.clone())
    );
    assert_eq!(again.header("idempotency-replayed"), "true");
    let comment = json!({ "ids": [id(0, 1), nobody], "action": "comment", "text": "For both." });
    let commented = service.post(As::Admin, &path, &comment).await;
    assert_eq!(commented.json()["items"][1]["status"], 404);
    let comments = service
        .get(As::Viewer, &format!("{BOARD}/{}/comments", id(0, 1)))
        .await
        .good();
    assert_eq!(comments["items"][0]["text"], "For both.");
    for broken in [
        json!({ "ids": [], "action": "comment", "text": "x" }),
        json!({ "ids": [id(0, 1), id(0, 1)], "action": "comment", "text": "x" }),
        json!({ "ids": [id(0, 1)], "action": "accept" }),
        json!({ "ids": [id(0, 1)], "action": "comment", "text": "x", "reason": "y" }),
        json!({ "ids": [id(0, 1)], "action": "resolve", "reason": "y" }),
        json!({ "ids": [id(0, 1)], "action": "resolve", "resolution": "reviewed" }),
        json!({ "ids": [id(0, 1)], "action": "comment" }),
    ] {
        let refused = service.post(As::Admin, &path, &broken).await;
        refused.problem(422, "/problems/invalid-request");
    }
}

#[actix_web::test]
async fn a_history_has_each_change_once_and_says_which_side_made_it() {
    let service = TestService::bundled();
    let id = one_match(&service);
    let keys = service.get(As::Admin, "/api/v1/admin/keys").await.good();
    let of = |code: &str| {
        let items = keys["items"].as_array().unwrap();
        let found = items
            .iter()
            .find(|key| key["odsCode"] == code && key["state"] == "good");
        format!("key:{}", found.unwrap()["id"].as_str().unwrap())
    };
    let happened = |actor: String,
                    action: &'static str,
                    kind: &'static str,
                    subject: String,
                    state: &'static str| {
        let change = Change {
            actor,
            action,
            detail: String::new(),
            at: now(),
            request_id: String::new(),
            touches: Touches::Nothing,
        };
        let write = |connection: &mut alongside::storage::Connection| {
            for side in ["RTH", "RHW"] {
                let entry = Entry {
                    kind,
                    id: subject.clone(),
                    ods_code: Some(code(side)),
                    before: None,
                    after: Some(json!({ "state": state })),
                };
                audit::note(connection, entry);
            }
            Ok(())
        };
        let storage = service.alongside.storage();
        storage.write_blocking(&change, write).unwrap();
    };
    happened(of("RTH"), "send_approach", "approaches", id.clone(), "sent");
    happened(
        of("RHW"),
        "accept_approach",
        "approaches",
        id.clone(),
        "accepted",
    );
    happened(
        "alongside".into(),
        "end_partnership",
        "partnerships",
        crate::support::matches::id(1, 1),
        "ended",
    );
    let history = service
        .get(As::Viewer, &format!("{BOARD}/{id}"))
        .await
        .good()["history"]
        .clone();
    let row = |action: &str, side: Value, is_partnership: bool, state: &str| {
        json!({
            "action": action, "at": "2026-11-22T09:00:00Z", "side": side,
            "isPartnership": is_partnership, "state": state
        })
    };
    let expected = json!([
        row("send_approach", json!("RTH"), false, "sent"),
        row("accept_approach", json!("RHW"), false, "accepted"),
        row("end_partnership", Value::Null, true, "ended"),
    ]);
    assert_eq!(history, expected);
}

#[actix_web::test]
async fn the_files_have_a_row_for_each_match_and_no_formula() {
    let (service, all, _) = random_board().await;
    let path = format!("{BOARD}/export?state=declined&order=age&format=csv");
    let csv = service.get(As::Admin, &path).await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    let mut reader = csv::Reader::from_reader(csv.body.as_ref());
    let columns: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let declined: Vec<&Made> = all
        .iter()
        .filter(|made| made.approach.state == ApproachState::Declined)
        .collect();
    assert_eq!(rows.len(), declined.len());
    for (row, made) in rows.iter().zip(&declined) {
        assert_eq!(&row[at("id")], made.approach.id);
        assert_eq!(&row[at("from_ods")], made.approach.from.as_str());
        assert_eq!(&row[at("flags")], flags(made, &all, now()).join(";"));
        let fit = made
            .approach
            .seen
            .as_ref()
            .map(|s| s.programme.coverage.to_string());
        assert_eq!(&row[at("coverage_then")], fit.unwrap_or_default());
    }
    let path = format!("{BOARD}/export?format=xlsx");
    let bytes = service.get(As::Viewer, &path).await.body;
    let mut workbook: Xlsx<_> =
        calamine::open_workbook_from_rs(Cursor::new(bytes.to_vec())).unwrap();
    let sheet = workbook.worksheet_range("matches").unwrap();
    assert_eq!(sheet.height(), all.len() + 1);
    let codes: BTreeSet<String> = sheet
        .rows()
        .skip(1)
        .map(|row| match &row[at("to_ods")] {
            Data::String(text) => text.clone(),
            other => panic!("a code is a text: {other:?}"),
        })
        .collect();
    assert!(codes.len() > 10);
    let formulas = workbook.worksheet_formula("matches").unwrap();
    assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()));
    let request = TestRequest::get()
        .uri("/api/v1/admin/matches/export")
        .insert_header(("Accept", "application/json"));
    assert_eq!(service.ask(As::Admin, request).await.status, 406);
}
