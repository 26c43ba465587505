//! From settings to a running service, in steps that the commands and the tests share.
//!
//! The order is [`listen`], [`open`], [`serve`]: the port first, because it is the cheapest thing to find wrong, and a
//! second copy that was started by mistake then stops before it touches the database. Callers that come early wait in the
//! listener's queue until the service answers.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use chrono::{DateTime, Utc};
use futures_util::future::{Either, select};
use zeroize::Zeroizing;

use crate::app::delivery::{LOOK_EVERY, Worker};
use crate::app::identity::Identities;
use crate::app::identity_keys::{KeySourceError, READ_EVERY};
use crate::app::mail::MailError;
use crate::app::sending::Network;
use crate::app::{Alongside, BundledData, keys};
use crate::domain::api_key::ApiKey;
use crate::domain::error::Error;
use crate::domain::secret::MasterSecret;
use crate::http::{self, Clock, HttpSettings, Limits};
use crate::logging;
use crate::random::Random;
use crate::secret_file::{self, SecretError};
pub use crate::signals::Signals;
use crate::storage::{DatabaseUrl, Storage};
use crate::tls::TlsError;

/// How often the snapshot is brought up to date; a write by another replica must be seen within a second (DESIGN 9).
pub const REFRESH_EVERY: Duration = Duration::from_millis(500);

/// The longest time for one refresh of the snapshot, of which a server that freezes would make an eternity.
const MAX_REFRESH: Duration = Duration::from_secs(30);

/// How often it is looked what has become due: what waits, waits for days.
const TICK_EVERY: Duration = Duration::from_secs(30);

/// How often what was counted of callers is looked through.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// The longest time for requests in progress to finish once the service is told to stop: containers are killed after 10 s.
pub const GRACE: Duration = Duration::from_secs(8);

/// Why the service did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "port {} on {} is in use by another program; stop that program, or choose another port with --port (0 picks \
         a free one)", .0.port(), .0.ip()
    )]
    PortInUse(SocketAddr),
    /// The system refuses the address or the port.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The database cannot be opened, or what is in it cannot be read.
    #[error("cannot open the database")]
    Open(#[source] Error),
    /// There is no room for a temporary database.
    #[error("cannot make a temporary directory")]
    Temporary(#[source] io::Error),
    /// There is no secret to open the database with.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The first key of a programme admin cannot be kept, and is not made.
    #[error("cannot write the first key of a programme admin to {}", .0.display())]
    AdminKey(PathBuf, #[source] io::Error),
    /// Connections cannot be protected.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The identity provider's keys cannot be read.
    #[error("cannot take tokens of the identity provider")]
    Identity(#[from] KeySourceError),
    /// Mail cannot be sent with the settings.
    #[error("cannot send e-mail")]
    Mail(#[from] MailError),
    /// The server failed, or the system's signals cannot be waited for.
    #[error("cannot serve")]
    Serve(#[source] io::Error),
}

impl From<Error> for StartError {
    fn from(error: Error) -> Self {
        Self::Open(error)
    }
}

/// Which port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// This one or none; 0 is any that is free.
    Exactly(u16),
    /// This one, or any that is free where it is in use.
    Preferably(u16),
}

/// Takes the port.
///
/// # Errors
///
/// [`StartError::PortInUse`] and [`StartError::Listen`].
pub fn listen(address: IpAddr, port: Port) -> Result<TcpListener, StartError> {
    let (Port::Exactly(number) | Port::Preferably(number)) = port;
    let wanted = SocketAddr::new(address, number);
    match TcpListener::bind(wanted) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match port {
            Port::Exactly(_) => Err(StartError::PortInUse(wanted)),
            Port::Preferably(_) => listen(address, Port::Exactly(0)),
        },
        Err(error) => Err(StartError::Listen(wanted, error)),
    }
}

/// The secret of a database, from the file that was given or from the one beside it; makes one for a new database. Blocking.
///
/// # Errors
///
/// [`StartError::Secret`], also where there is none and the database was made with one; then none is left behind.
/// [`StartError::Open`] where that cannot be found out.
pub fn secret(url: &DatabaseUrl, given: Option<PathBuf>) -> Result<MasterSecret, StartError> {
    let path = given.unwrap_or_else(|| secret_file::default_path(url));
    match secret_file::read(&path) {
        Err(SecretError::Unreadable(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            if Storage::is_sealed(url)? {
                Err(SecretError::Missing(path).into())
            } else {
                Ok(secret_file::read_or_make(&path)?)
            }
        }
        outcome => Ok(outcome?),
    }
}

/// Where the first key of a programme admin is.
pub enum FirstKey {
    /// It was made before.
    Elsewhere,
    /// Here, to be shown once.
    Shown(ApiKey),
    /// In this file.
    Written(PathBuf),
}

/// Makes the first key of a programme admin where there never was one, and writes it to the file, where one is given, that only
/// its owner may read. Blocking.
///
/// # Errors
///
/// [`StartError::AdminKey`] where the file is there already or cannot be written; [`StartError::Open`].
pub fn first_admin_key(
    storage: &Storage,
    file: Option<PathBuf>,
    now: DateTime<Utc>,
) -> Result<FirstKey, StartError> {
    let mut is_written = false;
    let keep = |key: &ApiKey| match &file {
        None => Ok(()),
        Some(path) => {
            let line = Zeroizing::new(format!("{}\n", key.reveal()));
            secret_file::write_private(path, &line)
                .map_err(|error| StartError::AdminKey(path.clone(), error))?;
            is_written = true;
            Ok(())
        }
    };
    let made = keys::first_admin(storage, &Random::system(), now, keep);
    match (made, file) {
        (Ok(None), _) => Ok(FirstKey::Elsewhere),
        (Ok(Some(key)), None) => Ok(FirstKey::Shown(key)),
        (Ok(Some(_)), Some(path)) => Ok(FirstKey::Written(path)),
        (Err(error), file) => {
            // The key in it was not made.
            if let Some(path) = file.filter(|_| is_written) {
                std::fs::remove_file(path).ok();
            }
            Err(error)
        }
    }
}

/// Opens the database, fills it where it is empty and that is wanted, and reads the first snapshot. Blocking.
///
/// # Errors
///
/// [`StartError::Open`].
pub fn open(
    url: &DatabaseUrl,
    secret: &MasterSecret,
    bundled: BundledData,
    now: DateTime<Utc>,
) -> Result<Arc<Alongside>, StartError> {
    Storage::open(url, secret)
        .and_then(|storage| Alongside::open(storage, bundled, now))
        .map(Arc::new)
        .map_err(StartError::Open)
}

/// Opens a database that is up to date and reads the first snapshot; makes and changes nothing. Blocking.
///
/// # Errors
///
/// [`StartError::Open`].
pub fn open_to_read(url: &DatabaseUrl, now: DateTime<Utc>) -> Result<Arc<Alongside>, StartError> {
    Storage::open_to_read(url)
        .and_then(|storage| Alongside::open(storage, BundledData::Skip, now))
        .map(Arc::new)
        .map_err(StartError::Open)
}

/// Runs the work of a command in an actix runtime, to its end.
///
/// The runtime is left to the end of the process: ended by itself it would wait for every database call in progress, which a
/// server that froze never answers. So is this thread's handle of it: were that gone before those of the server's threads, the
/// last of these to end would wake the runtime while its own thread-local values are destroyed, which aborts the process.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    let system = rt::System::new();
    std::mem::forget(rt::System::current());
    let outcome = system.block_on(work);
    std::mem::forget(system);
    outcome
}

/// A database file of one's own, filled with the bundled data; removed when dropped.
pub struct TemporaryDatabase {
    /// The service on it. First, so that the database is closed before it is removed.
    alongside: Arc<Alongside>,
    directory: tempfile::TempDir,
}

impl TemporaryDatabase {
    /// Makes one in a new directory, which only this user may read. Blocking.
    ///
    /// # Errors
    ///
    /// [`StartError::Temporary`] and [`StartError::Open`].
    pub fn open(now: DateTime<Utc>) -> Result<Self, StartError> {
        let directory = tempfile::Builder::new()
            .prefix("alongside-")
            .tempdir()
            .map_err(StartError::Temporary)?;
        let url = DatabaseUrl::sqlite_file(&directory.path().join("alongside.sqlite3"));
        let secret = secret_file::random()?;
        let alongside = open(&url, &secret, BundledData::Load, now)?;
        Ok(Self {
            alongside,
            directory,
        })
    }

    /// The service on it.
    #[must_use]
    pub fn alongside(&self) -> &Arc<Alongside> {
        &self.alongside
    }

    /// Removes it, and says so in the log where that fails.
    pub fn remove(self) {
        drop(self.alongside);
        let path = self.directory.path().display().to_string();
        if let Err(error) = self.directory.close() {
            log::warn!(path = path; "cannot remove the temporary database: {error}");
        }
    }
}

/// A service that answers.
pub struct Service {
    url: String,
    handle: ServerHandle,
    server: rt::task::JoinHandle<io::Result<()>>,
    /// What it answers from.
    alongside: Arc<Alongside>,
    /// What is done besides answering.
    tasks: Vec<AbortOnDrop>,
}

/// Ends a background task with whoever holds this.
struct AbortOnDrop(rt::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts to answer on the listener and to keep the snapshot up to date; in an actix runtime.
///
/// # Errors
///
/// [`StartError::Serve`].
pub fn serve(
    alongside: Arc<Alongside>,
    listener: TcpListener,
    settings: HttpSettings,
    clock: Clock,
) -> Result<Service, StartError> {
    let address = listener.local_addr().map_err(StartError::Serve)?;
    let scheme = match settings.tls {
        Some(_) => "https",
        None => "http",
    };
    let mut tasks = vec![
        keep_in_the_background(keep_fresh(Arc::clone(&alongside))),
        keep_in_the_background(keep_small(Arc::clone(&settings.limits))),
        keep_in_the_background(keep_time(Arc::clone(&alongside), clock.clone())),
    ];
    let worker = Worker::new(
        Arc::clone(&alongside),
        settings.delivery.clone(),
        Network::system(),
        Random::system(),
    )?;
    tasks.push(keep_in_the_background(keep_telling(worker, clock.clone())));
    if let Some(identities) = settings.identities.clone() {
        tasks.push(keep_in_the_background(keep_keys(identities, clock.clone())));
    }
    alongside
        .abandon_imports(clock.now())
        .map_err(StartError::Open)?;
    let server = http::serve(Arc::clone(&alongside), listener, settings, clock)
        .map_err(StartError::Serve)?;
    let url = format!("{scheme}://{address}");
    log::info!(
        url = url.as_str(),
        database = alongside.storage().kind().as_str(),
        organisations = alongside.n_organisations(),
        revision = alongside.revision().0;
        "listening"
    );
    Ok(Service {
        url,
        handle: server.handle(),
        server: rt::spawn(server),
        alongside,
        tasks,
    })
}

fn keep_in_the_background(task: impl Future<Output = ()> + 'static) -> AbortOnDrop {
    AbortOnDrop(rt::spawn(task))
}

impl Service {
    /// Where it answers, without a slash at the end: `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until a signal comes or the server ends by itself; then stops, letting requests in progress finish. A second
    /// signal does not wait for those.
    ///
    /// # Errors
    ///
    /// [`StartError::Serve`] where the server failed.
    pub async fn until(self, mut signals: Signals) -> Result<(), StartError> {
        let Self {
            handle,
            mut server,
            alongside,
            tasks,
            ..
        } = self;
        let ended = match select(&mut server, pin!(signals.next())).await {
            Either::Left((ended, _)) => Some(ended),
            Either::Right((name, _)) => {
                log::info!(signal = name; "stopping");
                None
            }
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                drop(tasks);
                // Streams of events would last longer than anybody waits.
                alongside.told().end();
                let stopped = pin!(async {
                    handle.stop(true).await;
                    server.await
                });
                let stopped = pin!(rt::time::timeout(GRACE, stopped));
                match select(stopped, pin!(signals.next())).await {
                    Either::Left((Ok(ended), _)) => ended,
                    Either::Left((Err(_), _)) => {
                        log::warn!("stopped with requests in progress, which took too long");
                        return Ok(());
                    }
                    Either::Right((name, _)) => {
                        log::warn!(signal = name; "stopped without waiting for requests in progress");
                        return Ok(());
                    }
                }
            }
        };
        match ended {
            Ok(result) => result.map_err(StartError::Serve)?,
            Err(join) => return Err(StartError::Serve(io::Error::other(join))),
        }
        log::info!("stopped");
        Ok(())
    }
}

/// Brings the snapshot up to date for ever.
async fn keep_fresh(alongside: Arc<Alongside>) {
    let mut rounds = Rounds::new(FRESHNESS);
    loop {
        rt::time::sleep(REFRESH_EVERY).await;
        let alongside = Arc::clone(&alongside);
        // In a task of its own, so that a panic is one failed refresh and not the end of all.
        let refresh = async move { rt::time::timeout(MAX_REFRESH, alongside.refresh()).await };
        rounds.end(match rt::spawn(refresh).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(elapsed)) => Err(Error::Unavailable("refreshing", Box::new(elapsed))),
            Err(panic) => Err(Error::Internal("refreshing", Box::new(panic))),
        });
    }
}

/// Does for ever what has become due. The first time at once: a good deal may have while no service ran.
async fn keep_time(alongside: Arc<Alongside>, clock: Clock) {
    let mut rounds = Rounds::new(TIME);
    loop {
        let alongside = Arc::clone(&alongside);
        let now = clock.now();
        // In a task of its own, as a refresh is.
        let tick = rt::spawn(async move { alongside.tick(now).await });
        let outcome = tick.await;
        rounds.end(outcome.unwrap_or_else(|panic| {
            Err(Error::Internal(
                "doing what has become due",
                Box::new(panic),
            ))
        }));
        rt::time::sleep(TICK_EVERY).await;
    }
}

/// Forgets for ever what need not be remembered of how often callers asked.
async fn keep_small(limits: Arc<Limits>) {
    loop {
        rt::time::sleep(FORGET_EVERY).await;
        limits.forget_the_full();
    }
}

/// Reads the keys of the identity provider again for ever.
async fn keep_keys(identities: Arc<Identities>, clock: Clock) {
    loop {
        rt::time::sleep(READ_EVERY).await;
        identities.refresh(clock.now()).await;
    }
}

/// Tells events for ever.
async fn keep_telling(mut worker: Worker, clock: Clock) {
    let mut rounds = Rounds::new(TELLING);
    loop {
        let mut round = pin!(async {
            worker.pause().await;
            worker.turn(clock.now()).await.map(drop)
        });
        // The worker knows what is in hand, so it goes on after a panic; what a turn did not write down is done again.
        let guarded = poll_fn(|context| {
            let polled = catch_unwind(AssertUnwindSafe(|| round.as_mut().poll(context)));
            polled.unwrap_or_else(|_| {
                Poll::Ready(Err(Error::Internal("telling events", "it panicked".into())))
            })
        });
        let outcome = guarded.await;
        let is_failing = outcome.is_err();
        rounds.end(outcome);
        if is_failing {
            rt::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// What the log hears of a task that goes in rounds.
#[derive(Clone, Copy, Debug)]
struct Words {
    fails: &'static str,
    goes_again: &'static str,
}

const FRESHNESS: Words = Words {
    fails: "cannot bring the data up to date, answering from what was read last",
    goes_again: "the data is up to date again",
};

const TIME: Words = Words {
    fails: "cannot do what has become due, and will try again",
    goes_again: "what has become due is done again",
};

const TELLING: Words = Words {
    fails: "cannot tell events, and will try again",
    goes_again: "events are told again",
};

/// Whether the last round of a task went well; a change of it is worth a line in the log, a repetition is not.
#[derive(Clone, Copy, Debug)]
struct Rounds {
    words: Words,
    is_failing: bool,
}

impl Rounds {
    const fn new(words: Words) -> Self {
        Self {
            words,
            is_failing: false,
        }
    }

    fn end(&mut self, outcome: Result<(), Error>) {
        match (self.is_failing, &outcome) {
            (false, Err(error)) => {
                log::error!("{}: {}", self.words.fails, logging::chain(error))
            }
            (true, Ok(())) => log::info!("{}", self.words.goes_again),
            (false, Ok(())) | (true, Err(_)) => {}
        }
        self.is_failing = outcome.is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = crate::config::DEFAULT_ADDRESS;

    #[test]
    fn a_port_in_use_is_named_with_its_address_and_a_hint() {
        let taken = listen(LOOPBACK, Port::Exactly(0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let words = listen(LOOPBACK, Port::Exactly(port))
            .unwrap_err()
            .to_string();
        assert!(
            words.starts_with(&format!("port {port} on 127.0.0.1 is in use"))
                && words.contains("--port"),
            "{words}"
        );
    }

    #[test]
    fn a_port_that_is_only_preferred_gives_way_to_a_free_one() {
        let taken = listen(LOOPBACK, Port::Exactly(0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let other = listen(LOOPBACK, Port::Preferably(port)).unwrap();
        assert_ne!(other.local_addr().unwrap().port(), port);
    }

    #[test]
    fn a_task_fails_until_a_round_of_it_goes_well() {
        let failed = || Err(Error::Internal("refreshing", "gone".into()));
        let mut rounds = Rounds::new(TIME);
        let mut after = |outcome| {
            rounds.end(outcome);
            rounds.is_failing
        };
        assert!(!after(Ok(())));
        assert!(after(failed()));
        assert!(after(failed()));
        assert!(!after(Ok(())));
    }
}
