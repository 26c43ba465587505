//! Groups of sites that are alike in context, through the interface.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::header::{ACCEPT, IF_NONE_MATCH};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::{SERVICE, get};
use crate::support::service::As;

const OF_RTH: &str = "/api/v1/organisations/RTH/peer-group";
const ALL: &str = "/api/v1/admin/peer-groups";

fn codes(of: &Value) -> Vec<String> {
    let codes = of.as_array().unwrap().iter();
    codes
        .map(|one| one["organisation"]["odsCode"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn the_groups_of_the_bundled_trusts_add_up_and_are_the_best_of_those_tried() {
    let all = get(ALL).await.good();
    let groups = all["groups"].as_array().unwrap();
    let sizes: u64 = groups.iter().map(|g| g["size"].as_u64().unwrap()).sum();
    // Of one active trust less than half of what can be asked is recorded.
    assert_eq!(sizes, 201);
    assert_eq!(all["organisationCount"], 202);
    assert_eq!(all["groupedCount"].as_u64(), Some(sizes));
    let of_size = |tried: &&Value| tried["groupCount"].as_u64() == Some(groups.len() as u64);
    let tried = all["tried"].as_array().unwrap();
    let taken = tried.iter().find(of_size).unwrap();
    assert_eq!(taken["hasSmallGroup"], false);
    let silhouette = |tried: &Value| tried["silhouette"].as_f64().unwrap();
    for other in tried.iter().filter(|t| t["hasSmallGroup"] == false) {
        assert!(silhouette(other) <= silhouette(taken), "{other}");
    }
    let points = all["points"].as_array().unwrap();
    assert_eq!(points.len() as u64, sizes);
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for point in points {
        *counted.entry(point["group"].as_str().unwrap()).or_default() += 1;
    }
    for group in groups {
        let label = group["label"].as_str().unwrap();
        assert_eq!(group["size"].as_u64(), Some(counted[label]), "{label}");
    }
    // A has the most staff, and so on.
    let staff = groups.iter().map(|group| {
        let means = group["means"].as_array().unwrap();
        let of_staff = means.iter().find(|m| m["attribute"] == "staff_fte");
        of_staff.unwrap()["mean"].as_f64().unwrap()
    });
    assert!(staff.collect::<Vec<_>>().is_sorted_by(|a, b| a >= b));
    // The centres of all points are the middle of the picture.
    for axis in ["first", "second"] {
        let sum: f64 = points.iter().map(|p| p[axis].as_f64().unwrap()).sum();
        assert!(sum.abs() / points.len() as f64 <= 0.05, "{axis} {sum}");
    }
}

#[actix_web::test]
async fn a_site_finds_its_group_and_suggestions_are_kept_to_it() {
    let found = get(&format!("{OF_RTH}?limit=50")).await.good();
    let peers = codes(&found["peers"]);
    assert!(!peers.contains(&"RTH".to_owned()));
    let distances = found["peers"].as_array().unwrap().iter();
    let distances: Vec<f64> = distances.map(|p| p["distance"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted());
    let all = get(ALL).await.good();
    let label = &found["group"]["label"];
    let of_group = all["points"].as_array().unwrap().iter();
    let members: BTreeSet<&str> = of_group
        .filter(|point| point["group"] == *label)
        .map(|point| point["odsCode"].as_str().unwrap())
        .collect();
    assert!(members.contains("RTH"));
    assert!(peers.iter().all(|peer| members.contains(peer.as_str())));
    assert_eq!(
        found["group"]["size"].as_u64(),
        Some(members.len() as u64),
        "who is in the group"
    );

    let ask = |body: Value| {
        let path = "/api/v1/organisations/RTH/suggestions";
        SERVICE.ask(As::Rth, TestRequest::post().uri(path).set_json(body))
    };
    let kept = ask(json!({ "limit": 50, "filters": { "peerGroup": true } })).await;
    let kept = kept.good();
    let suggested = codes(&kept["suggestions"]);
    assert!(suggested.iter().all(|code| members.contains(code.as_str())));
    assert_eq!(
        kept["candidateCount"].as_u64(),
        Some(members.len() as u64 - 1)
    );
    let everybody = ask(json!({ "filters": { "peerGroup": false } })).await;
    assert_eq!(everybody.good()["candidateCount"], 201);
}

#[actix_web::test]
async fn a_site_of_which_too_little_is_recorded_is_in_no_group_and_told_what_is_missing() {
    // Of the bundled trusts, those in no point of the picture.
    let all = get(ALL).await.good();
    let grouped: BTreeSet<String> = all["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["odsCode"].as_str().unwrap().to_owned())
        .collect();
    let mut path = "/api/v1/organisations?limit=200&status=active".to_owned();
    let mut left_out = Vec::new();
    loop {
        let page = get(&path).await.good();
        for one in page["items"].as_array().unwrap() {
            let code = one["organisation"]["odsCode"].as_str().unwrap().to_owned();
            if !grouped.contains(&code) {
                left_out.push(code);
            }
        }
        match page["links"]["next"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(left_out.len(), 1);
    for code in left_out {
        let found = get(&format!("/api/v1/organisations/{code}/peer-group")).await;
        let found = found.good();
        assert_eq!(found["group"], Value::Null, "{code}");
        assert_eq!(found["peers"], json!([]), "{code}");
        assert!(!found["missing"].as_array().unwrap().is_empty(), "{code}");
        let path = format!("/api/v1/organisations/{code}/suggestions");
        let body = json!({ "filters": { "peerGroup": true } });
        let request = TestRequest::post().uri(&path).set_json(body);
        let refused = SERVICE.ask(As::Admin, request).await;
        let refused: Value = refused.problem(422, "/problems/invalid-request");
        assert_eq!(refused["errors"][0]["pointer"], "/filters/peerGroup");
    }
}

#[actix_web::test]
async fn the_picture_has_a_mark_for_each_point_and_its_tag() {
    let path = format!("{ALL}/picture");
    let request = |name, value: &str| {
        let request = TestRequest::get().uri(&path);
        SERVICE.ask(As::Admin, request.insert_header((name, value.to_owned())))
    };
    let drawn = request(ACCEPT, "image/svg+xml").await;
    assert_eq!(drawn.status, 200);
    assert_eq!(drawn.header("content-type"), "image/svg+xml");
    let svg = String::from_utf8(drawn.body.to_vec()).unwrap();
    let all = get(ALL).await.good();
    for point in all["points"].as_array().unwrap() {
        let title = format!("<title>{}</title>", point["odsCode"].as_str().unwrap());
        assert!(svg.contains(&title), "{title}");
    }
    let again = request(IF_NONE_MATCH, drawn.header("etag")).await;
    assert_eq!(again.status, 304);
    request(ACCEPT, "application/json")
        .await
        .problem(406, "/problems/not-acceptable");
}

#[actix_web::test]
async fn what_is_asked_wrongly_is_named() {
    for (path, status) in [
        (format!("{ALL}?limit=0"), 422),
        (format!("{ALL}?limit=2001"), 422),
        (format!("{ALL}?limit=x"), 400),
        (format!("{ALL}?k=3"), 400),
        (format!("{OF_RTH}?limit=51"), 422),
    ] {
        let refused = get(&path).await;
        assert_eq!(refused.status, status, "{path}");
    }
    get("/api/v1/organisations/RW6/peer-group")
        .await
        .problem(409, "/problems/organisation-closed");
    let other = SERVICE.get(As::Rhw, OF_RTH).await;
    assert_eq!(other.status, 404);
}
