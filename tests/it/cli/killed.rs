//! A first start that is killed: what it was doing is done or not, and the next start goes on.
//!
//! `benches/killed.rs` kills under writes, at many more moments.

use std::time::Duration;

use super::program::{Place, Running};

/// From before the database is there until long after it is filled, in a build for tests.
const MOMENTS_MS: [u64; 5] = [15, 60, 150, 300, 600];

#[test]
fn a_first_start_that_is_killed_leaves_nothing_half_done() {
    for after_ms in MOMENTS_MS {
        let place = Place::new();
        let first = Running::start(&place, "serve --json --port 0");
        std::thread::sleep(Duration::from_millis(after_ms));
        first.signal("KILL");
        first.ended();
        let second = Running::start(&place, "serve --json --port 0");
        second.line();
        second.signal("KILL");
        second.ended();
        let verified = place.run("audit verify --json");
        verified.assert_worked();
        let report: serde_json::Value = serde_json::from_str(&verified.stdout).unwrap();
        assert_eq!(report["whole"], true, "{after_ms} ms: {report}");
        assert!(
            report["rows"].as_u64().unwrap() >= 1,
            "{after_ms} ms: {report}"
        );
        assert!(
            report["revision"].as_u64().unwrap() >= 1,
            "{after_ms} ms: {report}"
        );
    }
}
