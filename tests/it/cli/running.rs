//! The commands that run until they are stopped.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::program::{Place, Running};
use crate::support::database::one_of_each;

fn is_empty(directory: &std::path::Path) -> bool {
    std::fs::read_dir(directory).unwrap().next().is_none()
}

#[test]
fn the_demo_prints_one_line_answers_and_leaves_nothing_behind() {
    // A database of another program is left alone.
    let place = Place::new().variable("DATABASE_URL", "mysql://u:hunter2@h/d");
    for signal in ["INT", "TERM", "HUP"] {
        let demo = Running::start(&place, "demo --json --port 0");
        let url = demo.url();
        let health = place.run(&format!("health --url {url}"));
        health.assert_worked();
        assert_eq!(health.stdout, format!("{url} is healthy\n"));
        assert!(!is_empty(&place.temporary()));
        demo.signal(signal);
        let run = demo.ended();
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(0), ""),
            "{signal}: {run:?}"
        );
        assert!(is_empty(&place.temporary()), "{signal}");
    }
}

#[test]
fn the_demo_shows_a_first_answer_to_a_person() {
    let place = Place::new();
    let demo = Running::start(&place, "demo --port 0");
    let first = demo.line();
    let url = first.strip_prefix("Alongside demo on ").unwrap().to_owned();
    let mut shown = String::new();
    while !shown.contains("Stop it with Ctrl-C.") {
        shown.push_str(&demo.line());
        shown.push('\n');
    }
    for part in [
        format!("{url}/swagger-ui/"),
        "curl -H 'Authorization: Bearer als_".to_owned(),
        format!("' '{url}/api/v1/organisations/RTH/suggestions?limit=3'"),
        "  Programme admin  als_".to_owned(),
        "  1  RHW".to_owned(),
        "Why RHW comes first:".to_owned(),
    ] {
        assert!(shown.contains(&part), "{part:?} is not in {shown}");
    }
}

#[test]
fn the_demo_takes_another_port_where_the_usual_one_is_in_use() {
    // Where another program has it already, all the better.
    let _listener = TcpListener::bind("127.0.0.1:8080");
    let place = Place::new();
    let url = Running::start(&place, "demo --json").url();
    assert!(
        url.starts_with("http://127.0.0.1:") && !url.ends_with(":8080"),
        "{url}"
    );
}

#[test]
fn the_service_keeps_its_database_when_it_stops() {
    let place = Place::new();
    for run in ["first", "second"] {
        let service = Running::start(&place, "serve --port 0 --json");
        place
            .run(&format!("health --url {}/", service.url()))
            .assert_worked();
        service.signal("TERM");
        let ended = service.ended();
        assert_eq!(ended.code, Some(0), "{run}: {ended:?}");
        assert!(place.path().join("alongside.sqlite3").exists());
    }
}

#[test]
fn the_service_says_where_it_answers_and_to_whom() {
    let place = Place::new();
    let service = Running::start(&place, "serve --port 0 --bundled-data skip --workers 1");
    let line = service.line();
    assert!(
        line.starts_with("Alongside answers on http://127.0.0.1:")
            && line.contains("this machine only"),
        "{line}"
    );
}

#[test]
fn the_log_of_a_service_is_json_lines_on_request() {
    let place = Place::new();
    let service = Running::start(&place, "serve --port 0 --json --log-format json");
    let url = service.url();
    service.signal("INT");
    let run = service.ended();
    assert_eq!(run.code, Some(0), "{run:?}");
    let lines: Vec<serde_json::Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let listening = lines
        .iter()
        .find(|line| line["msg"] == "listening")
        .unwrap();
    assert_eq!(listening["url"], url);
    assert_eq!(listening["database"], "sqlite");
    let ts = listening["ts"].as_str().unwrap();
    assert!(
        ts.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(ts).is_ok(),
        "{ts}"
    );
    assert!(lines.iter().any(|line| line["msg"] == "stopped"));
}

// Elsewhere than on Linux only 127.0.0.1 is there without being set up.
#[cfg(target_os = "linux")]
#[test]
fn the_service_answers_on_any_loopback_address() {
    let place = Place::new();
    let service = Running::start(&place, "serve --address 127.0.0.2 --port 0 --json");
    let url = service.url();
    assert!(url.starts_with("http://127.0.0.2:"), "{url}");
    place.run(&format!("health --url {url}")).assert_worked();
}

/// Passes bytes on between a database server and its clients until it freezes; then it keeps every connection open, and
/// says that something was asked of a server that does not answer.
struct Freezer {
    address: String,
    is_frozen: Arc<AtomicBool>,
    asked: mpsc::Receiver<()>,
}

impl Freezer {
    fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let is_frozen = Arc::new(AtomicBool::new(false));
        let (ask, asked) = mpsc::channel();
        let frozen = Arc::clone(&is_frozen);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                for (from, to, ask) in [
                    (client.try_clone(), server.try_clone(), Some(ask.clone())),
                    (Ok(server), Ok(client), None),
                ] {
                    let frozen = Arc::clone(&frozen);
                    std::thread::spawn(move || pass_on(from.unwrap(), to.unwrap(), &frozen, ask));
                }
            }
        });
        Self {
            address,
            is_frozen,
            asked,
        }
    }
}

fn pass_on(
    mut from: TcpStream,
    mut to: TcpStream,
    is_frozen: &AtomicBool,
    ask: Option<mpsc::Sender<()>>,
) {
    let mut bytes = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut bytes) {
        if is_frozen.load(Ordering::SeqCst) {
            ask.iter().for_each(|ask| ask.send(()).unwrap_or_default());
        } else if to.write_all(&bytes[..n]).is_err() {
            break;
        }
    }
}

#[test]
fn the_service_ends_although_its_database_froze() {
    for database in one_of_each() {
        let Some((scheme, server, name)) = database.server() else {
            continue;
        };
        let freezer = Freezer::before(server);
        let url = format!("{scheme}{}/{name}", freezer.address);
        let place = Place::new().variable("DATABASE_URL", &url);
        let service = Running::start(&place, "serve --port 0 --json --bundled-data skip");
        service.url();
        freezer.is_frozen.store(true, Ordering::SeqCst);
        // The next look whether the data is up to date.
        freezer.asked.recv_timeout(Duration::from_secs(20)).unwrap();
        let told = Instant::now();
        service.signal("TERM");
        let run = service.ended();
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(
            told.elapsed() < Duration::from_secs(9),
            "{:?}",
            told.elapsed()
        );
    }
}
