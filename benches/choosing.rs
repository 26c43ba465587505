//! Sites that act on each other in the same instant: whatever the order, there is one outcome, nobody takes on more than they have
//! places for, and the audit says what happened. Each round on the real database, through the functions behind the interface:
//!
//! - 200 acceptances at once for one place: ten open approaches to one site, twenty answers to each;
//! - two sites that approach each other in the same instant;
//! - an acceptance against a withdrawal.
//!
//! `cargo bench --bench choosing -- 1000` for 1,000 rounds of each, 20 by default, on SQLite, and on PostgreSQL where
//! `ALONGSIDE_TEST_POSTGRES` names a server.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark may stop, prints to a person and reads its one variable itself"
)]

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod database;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use alongside::app::agreements::{Acceptance, AgreementIds, withdraw};
use alongside::app::approaches::{NewApproach, send};
use alongside::app::{Alongside, BundledData};
use alongside::domain::approach::{ApproachKind, ProposedTopics};
use alongside::domain::capacity::Places;
use alongside::domain::error::{Error, Result};
use alongside::domain::ids::OdsCode;
use alongside::domain::secret::MasterSecret;
use alongside::domain::version::Expected;
use alongside::random::Random;
use alongside::storage::{Change, DatabaseUrl, Storage, Touches, capacity};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection};
use tokio::sync::Barrier;

use self::database::OwnDatabase;

const DEFAULT_ROUNDS: i32 = 20;

/// How many answers to each open approach are on their way at once.
const N_ANSWERS: usize = 20;

/// Who is asked by all others, and has one place.
const ASKED: &str = "RTH";

/// Who asks it.
const ASKING: [&str; 10] = [
    "RHW", "RJ7", "RAL", "RYJ", "RQM", "R1K", "RBS", "REN", "REP", "RRV",
];

/// How many faults are printed.
const N_SHOWN: usize = 20;

fn ods(code: &str) -> OdsCode {
    OdsCode::new(code).unwrap()
}

/// The service on one database, and what it did wrong.
struct Arena {
    alongside: Arc<Alongside>,
    random: Random,
    address: String,
    /// The time of the present round.
    at: DateTime<Utc>,
    faults: Vec<String>,
}

/// What came of one of those who act at once: done, or refused by a rule.
type Came = std::result::Result<(), (&'static str, String)>;

/// An error that a caller is told as a clash, by its rule and what it points to; anything else is a fault of the service.
fn refusal(error: Error) -> (&'static str, String) {
    match error {
        Error::Conflict { rule, detail } => (rule, detail),
        Error::ApproachOpen { approach, .. } => ("/problems/approach-open", approach),
        other => ("a failure", other.to_string()),
    }
}

#[derive(diesel::QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

impl Arena {
    fn new(address: &str) -> Self {
        let url = DatabaseUrl::parse(address).unwrap();
        let secret = MasterSecret::new([7; MasterSecret::N_BYTES]);
        let storage = Storage::open(&url, &secret).unwrap();
        let at = "2026-11-26T09:00:00Z".parse().unwrap();
        let alongside = Alongside::open(storage, BundledData::Load, at).unwrap();
        Self {
            alongside: Arc::new(alongside),
            random: Random::system(),
            address: address.to_owned(),
            at,
            faults: Vec::new(),
        }
    }

    fn change(&self, action: &'static str, touches: Touches) -> Change {
        Change {
            actor: "a benchmark".to_owned(),
            action,
            detail: String::new(),
            at: self.at,
            request_id: String::new(),
            touches,
        }
    }

    /// What a query past the service returns, from a column called `text`.
    fn texts(&self, sql: &str) -> Vec<String> {
        let rows: Vec<Text> = if self.address.contains("://") {
            let mut connection = PgConnection::establish(&self.address).unwrap();
            diesel::sql_query(sql).load(&mut connection).unwrap()
        } else {
            let mut connection = SqliteConnection::establish(&self.address).unwrap();
            diesel::sql_query(sql).load(&mut connection).unwrap()
        };
        rows.into_iter().map(|row| row.text).collect()
    }

    /// Puts everything back, so that the next round begins as this one did: links that were agreed to are forgotten.
    fn clear(&mut self) {
        let at = self.at.format("%Y-%m-%d %H:%M:%S");
        let sql = format!(
            "UPDATE approaches SET state = 'withdrawn', answered_at = '{at}' WHERE state = 'sent'; \
             UPDATE partnerships SET state = 'ended', ended_at = '{at}' WHERE state = 'active'; \
             DELETE FROM links WHERE agreement IS NOT NULL;"
        );
        if self.address.contains("://") {
            PgConnection::establish(&self.address)
                .unwrap()
                .batch_execute(&sql)
                .unwrap();
        } else {
            SqliteConnection::establish(&self.address)
                .unwrap()
                .batch_execute(&sql)
                .unwrap();
        }
        // A pair of sites meets again in each round, which it may five times a day.
        self.at += TimeDelta::hours(8);
    }

    fn new_approach(&self, from: &str, to: &str) -> NewApproach {
        NewApproach {
            id: self.random.id().unwrap(),
            from: ods(from),
            to: ods(to),
            kind: ApproachKind::Partnership,
            message: None,
            topics: ProposedTopics::default(),
            proposed_start: None,
            proposed_end: None,
            renews: None,
            seen: None,
            choice: None,
            programme: None,
        }
    }

    /// Sends approaches before a round, and returns their ids.
    async fn sent(&self, pairs: &[(&str, &str)]) -> Vec<String> {
        let new: Vec<NewApproach> = pairs
            .iter()
            .map(|(from, to)| self.new_approach(from, to))
            .collect();
        let ids = new.iter().map(|one| one.id.clone()).collect();
        let at = self.at;
        let change = self.change("prepare", Touches::Nothing);
        let send_all = move |connection: &mut _| {
            new.into_iter()
                .try_for_each(|one| send(connection, one, at).map(drop))
        };
        self.alongside.write(change, send_all).await.unwrap();
        ids
    }

    /// Accepts an approach, as soon as all are ready.
    fn acceptance(
        &self,
        site: &str,
        id: &str,
        ready: &Arc<Barrier>,
    ) -> tokio::task::JoinHandle<Came> {
        let change = self.change("accept_approach", Touches::Scoring);
        let place = (ods(site), id.to_owned());
        let ids = AgreementIds::new(&self.random).unwrap();
        let (alongside, ready) = (Arc::clone(&self.alongside), Arc::clone(ready));
        tokio::spawn(async move {
            ready.wait().await;
            let acceptance = Acceptance::default();
            let accepted = alongside.accept_approach(change, place, acceptance, Expected::Any, ids);
            accepted.await.map(drop).map_err(refusal)
        })
    }

    /// The number of the last row of the audit.
    fn last_row(&self) -> i64 {
        let last = self.texts("SELECT CAST(MAX(sequence) AS TEXT) AS text FROM audit");
        last[0].parse().unwrap()
    }

    /// What the audit says of approaches since a row: action, id and site, sorted.
    fn audited(&self, since: i64) -> Vec<String> {
        self.texts(&format!(
            "SELECT action || ' ' || subject_id || ' ' || ods_code AS text FROM audit \
             WHERE sequence > {since} AND subject_kind = 'approaches' ORDER BY 1"
        ))
    }

    fn expect(&mut self, is_so: bool, words: impl FnOnce() -> String) {
        if !is_so {
            self.faults.push(words());
        }
    }

    /// 200 acceptances at once for one place.
    async fn one_place(&mut self) {
        let pairs = ASKING.map(|from| (from, ASKED));
        let ids = self.sent(&pairs).await;
        let since = self.last_row();
        let ready = Arc::new(Barrier::new(ids.len() * N_ANSWERS));
        let answers: Vec<_> = (0..N_ANSWERS)
            .flat_map(|_| ids.iter())
            .map(|id| (id.clone(), self.acceptance(ASKED, id, &ready)))
            .collect();
        let (mut accepted, mut n_refused) = (Vec::new(), 0);
        for (id, answer) in answers {
            match answer.await.unwrap() {
                Ok(()) => accepted.push(id),
                Err(("/problems/site-full" | "/problems/approach-answered", _)) => n_refused += 1,
                Err((rule, detail)) => self.faults.push(format!("one place: {rule}: {detail}")),
            }
        }
        let counts = (accepted.len(), n_refused);
        self.expect(counts == (1, ids.len() * N_ANSWERS - 1), || {
            format!("one place: {counts:?} accepted and refused")
        });
        let active = self.texts(&format!(
            "SELECT approach_id AS text FROM partnerships WHERE state = 'active' AND '{ASKED}' IN (a_code, b_code)"
        ));
        self.expect(active == accepted, || {
            format!("one place: accepted {accepted:?}, open are {active:?}")
        });
        let audited = self.audited(since);
        let senders = ids
            .iter()
            .zip(ASKING)
            .filter(|(id, _)| accepted.contains(id));
        let mut told: Vec<String> = senders
            .flat_map(|(id, from)| [ASKED, from].map(|code| format!("accept_approach {id} {code}")))
            .collect();
        told.sort_unstable();
        self.expect(audited == told, || {
            format!("one place: the audit says {audited:?}")
        });
        self.clear();
    }

    /// Two sites that approach each other in the same instant.
    async fn crossing(&mut self) {
        let (one, other) = (ASKED, ASKING[0]);
        let since = self.last_row();
        let ready = Arc::new(Barrier::new(2));
        let sending = [(one, other), (other, one)].map(|(from, to)| {
            let (new, at) = (self.new_approach(from, to), self.at);
            let change = self.change("send_approach", Touches::Nothing);
            let (alongside, ready) = (Arc::clone(&self.alongside), Arc::clone(&ready));
            let id = new.id.clone();
            let sent = tokio::spawn(async move {
                ready.wait().await;
                let sent: Result<_> = alongside
                    .write(change, move |connection| send(connection, new, at))
                    .await;
                sent.map(drop).map_err(refusal)
            });
            (id, sent)
        });
        let (mut stored, mut pointed_to) = (Vec::new(), Vec::new());
        for (id, sent) in sending {
            match sent.await.unwrap() {
                Ok(()) => stored.push(id),
                Err(("/problems/approach-open", first)) => pointed_to.push(first),
                Err((rule, detail)) => self.faults.push(format!("crossing: {rule}: {detail}")),
            }
        }
        self.expect(stored.len() == 1 && stored == pointed_to, || {
            format!("crossing: stored {stored:?}, pointed to {pointed_to:?}")
        });
        let open = self.texts("SELECT id AS text FROM approaches WHERE state = 'sent'");
        self.expect(open == stored, || format!("crossing: open are {open:?}"));
        let audited = self.audited(since);
        let told: Vec<String> = stored
            .iter()
            .flat_map(|id| [other, one].map(|code| format!("send_approach {id} {code}")))
            .collect();
        self.expect(audited == told, || {
            format!("crossing: the audit says {audited:?}")
        });
        self.clear();
    }

    /// An acceptance against a withdrawal.
    async fn against(&mut self) {
        let (from, to) = (ASKING[0], ASKED);
        let id = self.sent(&[(from, to)]).await.remove(0);
        let since = self.last_row();
        let ready = Arc::new(Barrier::new(2));
        let accepted = self.acceptance(to, &id, &ready);
        let change = self.change("withdraw_approach", Touches::Nothing);
        let (alongside, at) = (Arc::clone(&self.alongside), self.at);
        let (place, of) = (ods(from), id.clone());
        let withdrawn = tokio::spawn(async move {
            ready.wait().await;
            let withdrawing = alongside.write(change, move |connection| {
                withdraw(connection, (place, &of), &Expected::Any, at)
            });
            withdrawing.await.map(drop).map_err(refusal)
        });
        let both: [Came; 2] = [accepted.await.unwrap(), withdrawn.await.unwrap()];
        let is_refused = |came: &Came| matches!(came, Err(("/problems/approach-answered", _)));
        let (action, state, n_open) = match &both {
            [Ok(()), refused] if is_refused(refused) => ("accept_approach", "accepted", 1),
            [refused, Ok(())] if is_refused(refused) => ("withdraw_approach", "withdrawn", 0),
            other => {
                self.faults.push(format!("against: {other:?}"));
                self.clear();
                return;
            }
        };
        let kept = self.texts(&format!(
            "SELECT state AS text FROM approaches WHERE id = '{id}'"
        ));
        self.expect(kept == [state], || {
            format!("against: {action}, but {kept:?}")
        });
        let open = self.texts("SELECT id AS text FROM partnerships WHERE state = 'active'");
        self.expect(open.len() == n_open, || {
            format!("against: {action}, but {open:?}")
        });
        let audited = self.audited(since);
        let told = [from, to].map(|code| format!("{action} {id} {code}"));
        self.expect(audited == told, || {
            format!("against: the audit says {audited:?}")
        });
        self.clear();
    }

    /// Gives the asked site its one place.
    async fn prepare(&self) {
        let (site, at) = (ods(ASKED), self.at);
        let places = Places {
            partnerships: Some(1),
            conversations: None,
        };
        let change = self.change("prepare", Touches::Scoring);
        let declare = move |connection: &mut _| {
            capacity::declare(connection, site, places, &Expected::Any, at).map(drop)
        };
        self.alongside.write(change, declare).await.unwrap();
    }
}

/// Runs all rounds on one database; whether nothing went wrong.
fn holds(kind: &str, address: &str, n_rounds: i32) -> bool {
    // As each worker of the server has one: transactions run on threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut arena = Arena::new(address);
        arena.prepare().await;
        let mut took = [0.0; 3];
        for _ in 0..n_rounds {
            let started = Instant::now();
            arena.one_place().await;
            took[0] += started.elapsed().as_secs_f64();
            let started = Instant::now();
            arena.crossing().await;
            took[1] += started.elapsed().as_secs_f64();
            let started = Instant::now();
            arena.against().await;
            took[2] += started.elapsed().as_secs_f64();
        }
        let [one_place, crossing, against] = took.map(|s| 1e3 * s / f64::from(n_rounds));
        println!(
            "{kind}, {n_rounds} rounds of each, in ms a round with its preparation and checks"
        );
        println!(
            "{one_place:.1} ms: {} acceptances at once for one place",
            ASKING.len() * N_ANSWERS
        );
        println!("{crossing:.1} ms: approaches that cross");
        println!("{against:.1} ms: an acceptance against a withdrawal");
        println!("{}: faults", arena.faults.len());
        for fault in arena.faults.iter().take(N_SHOWN) {
            println!("  {fault}");
        }
        let holds = arena.faults.is_empty() && n_rounds > 0;
        println!("{kind}: {}", if holds { "held" } else { "MISSED" });
        holds
    })
}

fn main() -> ExitCode {
    let n_rounds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(DEFAULT_ROUNDS);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("choosing.sqlite3");
    let mut held = holds("sqlite", file.to_str().unwrap(), n_rounds);
    if let Ok(server) = std::env::var("ALONGSIDE_TEST_POSTGRES") {
        let own = OwnDatabase::new(server, "choosing");
        held &= holds("postgresql", &own.url(), n_rounds);
    }
    ExitCode::from(u8::from(!held))
}
