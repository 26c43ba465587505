//! Events while their receiver is down, slow and resetting connections, and while the service is killed: every event is delivered
//! at least once, each under one id, each signed.
//!
//! `cargo bench --bench webhooks -- 10000 FILE` writes that many events, the default, and what came to the file, one JSON object a
//! line, the secret first: `.ci/webhooks.py FILE` then verifies each with the reference library. The real program runs on one
//! SQLite database, events are written to it by another process as a replica would, and the receiver is on this machine.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod receiver;
mod service;

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alongside::domain::event::{EventKind, NewEvent, Recipient};
use alongside::domain::ids::OdsCode;
use alongside::domain::secret::MasterSecret;
use alongside::domain::webhook::WebhookSecret;
use alongside::storage::{Change, DatabaseUrl, Storage, Touches, events};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use self::receiver::{Mood, Received, Receiver};
use self::service::Service;

const DEFAULT_EVENTS: usize = 10_000;

/// How many events one transaction writes.
const BATCH: usize = 20;

/// How long the receiver stays as it is.
const MOOD_LASTS: Duration = Duration::from_millis(1_500);

/// How often the service is killed while events are written and told.
const N_KILLS: usize = 6;

/// How long may pass from the last kill until the last event is there: what was in hand is anybody's again after 45 s.
const MAX_WAIT: Duration = Duration::from_secs(180);

/// The site whose events are told.
const SITE: &str = "RTH";

struct Place {
    folder: tempfile::TempDir,
    n_started: usize,
}

impl Place {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) -> Service {
        let mut command: Vec<OsString> = ["serve", "--database"].map(Into::into).into();
        command.push(self.file("webhooks.sqlite3").into());
        command.push("--secret-file".into());
        command.push(self.file("secret").into());
        // The receiver is on this machine, and waits of days are of no use here.
        let local = [
            "--webhook-allow",
            "127.0.0.0/8",
            "--webhook-allow-http=true",
            "--webhook-retry-ms",
            "50",
        ];
        command.extend(local.map(Into::into));
        self.n_started += 1;
        Service::start(&command, &self.file(&format!("log-{}", self.n_started)))
    }

    fn storage(&self) -> Storage {
        let secret = std::fs::read_to_string(self.file("secret")).unwrap();
        let secret = MasterSecret::from_hex(&secret).unwrap();
        let url = DatabaseUrl::sqlite_file(&self.file("webhooks.sqlite3"));
        Storage::open(&url, &secret).unwrap()
    }
}

fn post(url: &str, key: &str, body: &Value) -> Value {
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let mut answer = agent
        .post(url)
        .header("Authorization", format!("Bearer {key}"))
        .header("Content-Type", "application/json")
        .send(body.to_string())
        .unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark's one clock; the storage is given the time"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Writes events, some at a time, at a pace that a kill falls between.
fn write_events(storage: &Storage, n_events: usize, pause: Duration) {
    let site = OdsCode::new(SITE).unwrap();
    for first in (0..n_events).step_by(BATCH) {
        let at = now();
        let change = Change {
            actor: "a benchmark".to_owned(),
            action: "write_events",
            detail: String::new(),
            at,
            request_id: String::new(),
            touches: Touches::Nothing,
        };
        let work = |connection: &mut alongside::storage::Connection| {
            (first..n_events.min(first + BATCH)).try_for_each(|number| {
                let event = NewEvent {
                    kind: EventKind::ApproachReceived,
                    recipient: Recipient::Site(site),
                    subject: format!("/api/v1/approaches/{number}"),
                    data: json!({ "number": number, "from": "RHW" }),
                    at,
                };
                events::emit(connection, &event)
            })
        };
        while let Err(error) = storage.write_blocking(&change, work) {
            println!("written again: {error}");
        }
        std::thread::sleep(pause);
    }
}

fn all_events(storage: &Storage) -> HashMap<String, usize> {
    let site = Recipient::Site(OdsCode::new(SITE).unwrap());
    let (mut found, mut after) = (HashMap::new(), 0);
    loop {
        let page = storage
            .read_blocking(|connection| events::after(connection, site, after, 5_000))
            .unwrap();
        let Some(last) = page.last() else { break };
        after = last.sequence;
        for event in page {
            let number = event.event.data["number"].as_u64().unwrap();
            found.insert(event.id, usize::try_from(number).unwrap());
        }
    }
    found
}

fn is_signed(secret: &WebhookSecret, received: &Received) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.key().unwrap()).unwrap();
    let signed = format!("{}.{}.{}", received.id, received.timestamp, received.body);
    mac.update(signed.as_bytes());
    received.signature == format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

fn keep(file: &Path, secret: &str, received: &[Received]) {
    let mut out = BufWriter::new(File::create(file).unwrap());
    writeln!(out, "{}", json!({ "secret": secret })).unwrap();
    for one in received {
        let line = json!({
            "webhook-id": one.id, "webhook-timestamp": one.timestamp,
            "webhook-signature": one.signature, "body": one.body,
        });
        writeln!(out, "{line}").unwrap();
    }
    out.flush().unwrap();
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let n_events = arguments.iter().find_map(|text| text.parse().ok());
    let n_events = n_events.unwrap_or(DEFAULT_EVENTS);
    let is_file = |text: &&String| text.parse::<usize>().is_err() && !text.starts_with("--");
    let file = arguments.iter().find(is_file).map(PathBuf::from);
    let mut place = Place {
        folder: tempfile::tempdir().unwrap(),
        n_started: 0,
    };
    let started = Instant::now();
    let mut service = place.start();
    let admin = service.admin_key.clone().unwrap();
    let key = json!({ "label": "bench", "role": "site", "odsCode": SITE });
    let made = post(&format!("{}/api/v1/admin/keys", service.url), &admin, &key);
    let key = made["key"].as_str().unwrap().to_owned();
    let receiver = Receiver::new();
    let hook = json!({ "url": receiver.url });
    let hook = post(&format!("{}/api/v1/webhooks", service.url), &key, &hook);
    let secret = hook["secret"].as_str().unwrap().to_owned();

    let storage = place.storage();
    let is_written = Arc::new(AtomicBool::new(false));
    let writing = {
        let (storage, is_written) = (storage.clone(), Arc::clone(&is_written));
        // Over some seven moods of the receiver, however many there are.
        let n_batches = u32::try_from(n_events.div_ceil(BATCH)).unwrap();
        let pause = MOOD_LASTS * 7 / n_batches.max(1);
        std::thread::spawn(move || {
            write_events(&storage, n_events, pause);
            is_written.store(true, Ordering::SeqCst);
        })
    };
    let moods = [Mood::Down, Mood::Slow, Mood::Resetting, Mood::Up];
    let mut n_kills = 0;
    for mood in moods.into_iter().cycle() {
        if n_kills == N_KILLS && is_written.load(Ordering::SeqCst) {
            break;
        }
        receiver.be(mood);
        std::thread::sleep(MOOD_LASTS);
        // Twice in each mood but the first time.
        if n_kills < N_KILLS && receiver.n_seen() > 0 {
            // SIGKILL.
            service.child.kill().unwrap();
            service.child.wait().unwrap();
            n_kills += 1;
            service = place.start();
        }
    }
    writing.join().unwrap();
    receiver.be(Mood::Up);
    let all = all_events(&storage);
    assert_eq!(all.len(), n_events, "every event has an id of its own");
    let waits_since = Instant::now();
    while receiver.n_events() < n_events && waits_since.elapsed() < MAX_WAIT {
        std::thread::sleep(Duration::from_millis(200));
    }
    let took = started.elapsed();
    service.stop();
    let received = receiver.received();
    let told: HashSet<&str> = received.iter().map(|one| one.id.as_str()).collect();
    let n_missing = all.keys().filter(|id| !told.contains(id.as_str())).count();
    let verifying = WebhookSecret::stored(secret.clone());
    let n_unsigned = received
        .iter()
        .filter(|one| !is_signed(&verifying, one))
        .count();
    // Under one id there is one event, however often it came.
    let n_confused = received
        .iter()
        .filter(|one| {
            let event: Value = serde_json::from_str(&one.body).unwrap_or_default();
            let number = event["data"]["number"].as_u64();
            let number = number.and_then(|number| usize::try_from(number).ok());
            event["id"] != one.id.as_str() || all.get(&one.id).copied() != number
        })
        .count();
    if let Some(file) = file {
        keep(&file, &secret, &received);
    }
    println!(
        "{n_events} events, the receiver down, slow and resetting by turns, the service killed {n_kills} times: {} told, {n_missing} \
         missing; {} deliveries taken, {n_unsigned} not signed, {n_confused} under another's id; {} requests seen in all, in {:.0} s",
        told.len(),
        received.len(),
        receiver.n_seen(),
        took.as_secs_f64()
    );
    let holds = n_missing == 0 && n_unsigned == 0 && n_confused == 0 && told.len() == n_events;
    println!(
        "every event at least once, ids unique, signatures valid: {}",
        if holds { "held" } else { "MISSED" }
    );
    ExitCode::from(u8::from(!holds))
}
