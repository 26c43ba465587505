//! A service that is killed while it writes: nothing acknowledged is lost, nothing is half done, the audit is whole, and the
//! program is ready again at once.
//!
//! `cargo bench --bench killed -- 50` kills at 50 moments, the default. The real program runs on one SQLite database, sites
//! write to it over HTTP, it is killed (SIGKILL), starts again, and what it left is looked at; then the sites write on.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and prints to a person"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod service;
mod writers;

use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use alongside::domain::ids::OdsCode;

use self::service::Service;
use self::writers::{Failure, Installation, Part, Writer, Written, agent, complaints, stored};

const DEFAULT_MOMENTS: u64 = 50;
const MAX_READY: Duration = Duration::from_secs(2);

/// Each has a writer for each part: eight in all.
const SITES: [&str; 4] = ["RTH", "RHW", "RGT", "RJ1"];

/// How long after the first acknowledged write the program is killed, at most, in microseconds.
const MAX_MOMENT_US: u64 = 250_000;

/// Longer than the first acknowledged write takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): the same moments each time.
struct SplitMix64(u64);

impl SplitMix64 {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

/// Writes until that fails, and says when and why it did.
fn write_on(writer: &mut Writer, url: &str, acknowledged: &Sender<()>) -> (Instant, Failure) {
    loop {
        let failure = match writer.write(url) {
            // Nobody may listen any more.
            Ok(Written::Acknowledged) => {
                acknowledged.send(()).ok();
                continue;
            }
            Ok(Written::Stale) => {
                Failure::Unexpected("a part with one writer was changed by another".to_owned())
            }
            Err(failure) => failure,
        };
        return (Instant::now(), failure);
    }
}

/// Kills the program some time after the first acknowledged write.
fn kill_under_writes(mut service: Service, writers: &mut [Writer], after: Duration) {
    let url = service.url.clone();
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        let writing: Vec<_> = writers
            .iter_mut()
            .map(|writer| {
                let (url, tell) = (&url, tell.clone());
                scope.spawn(move || write_on(writer, url, &tell))
            })
            .collect();
        let first = told.recv_timeout(PATIENCE);
        // A random moment is no event that could be waited for.
        std::thread::sleep(after);
        let killed_at = Instant::now();
        // SIGKILL.
        service.child.kill().unwrap();
        service.child.wait().unwrap();
        let ends: Vec<_> = writing
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect();
        assert_eq!(first, Ok(()), "no write was acknowledged: {ends:?}");
        for (at, failure) in ends {
            let is_of_the_kill = matches!(failure, Failure::Broken(_)) && at >= killed_at;
            assert!(is_of_the_kill, "a write failed otherwise: {failure:?}");
        }
    });
}

fn assert_answers(service: &Service) {
    let answer = agent().get(format!("{}/_status", service.url)).call();
    assert_eq!(answer.unwrap().status(), 200);
}

fn main() -> ExitCode {
    let n_moments = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(DEFAULT_MOMENTS);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let installation = Installation {
        database: file("killed.sqlite3").to_str().unwrap().to_owned(),
        secret: file("secret"),
    };
    let log_of = |start: u64| file(&format!("log-{start}"));
    let mut service = installation.start(&log_of(0));
    let admin_key = service.admin_key.clone().unwrap();
    let mut writers = Vec::new();
    for code in SITES.map(|code| OdsCode::new(code).unwrap()) {
        for part in Part::ALL {
            writers.push(Writer::new(&service, &admin_key, code, part));
        }
    }
    let mut random = SplitMix64(1);
    let (mut n_made, mut n_untold) = (0, 0);
    let mut slowest = Duration::ZERO;
    for moment in 1..=n_moments {
        let after = Duration::from_micros(random.below(MAX_MOMENT_US));
        kill_under_writes(service, &mut writers, after);
        let started = Instant::now();
        service = installation.start(&log_of(moment));
        assert_answers(&service);
        slowest = slowest.max(started.elapsed());
        for writer in &mut writers {
            writer.look(&service.url).unwrap();
        }
        let stored = stored::look(&installation, &writers);
        assert!(
            stored.faults.is_empty(),
            "moment {moment}: {:#?}",
            stored.faults
        );
        let warnings = complaints(&log_of(moment - 1));
        assert!(warnings.is_empty(), "moment {moment}: {warnings:#?}");
        (n_made, n_untold) = (stored.n_made, stored.n_untold);
    }
    let n_acknowledged: usize = writers.iter().map(|writer| writer.acknowledged.len()).sum();
    let n_writers = writers.len();
    println!(
        "the program was killed at {n_moments} moments under {n_writers} writers over HTTP: {n_acknowledged} writes acknowledged, \
         none lost; {n_untold} more were made whose answer the kill cut off; none of the {n_made} is half done: facts, history, \
         versions and audit agreed, and the audit was whole, each time"
    );
    let holds = slowest <= MAX_READY;
    println!(
        "ready again after at most {:.2} s (2 s at most: {})",
        slowest.as_secs_f64(),
        if holds { "held" } else { "MISSED" }
    );
    ExitCode::from(u8::from(!holds))
}
