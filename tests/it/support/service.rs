//! The whole service over a database of its own, with a caller of each role.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use actix_web::App;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, IF_MATCH};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Bytes;
use alongside::app::delivery::DeliverySettings;
use alongside::app::{Alongside, BundledData};
use alongside::domain::api_key::{ApiKey, KeyRecord};
use alongside::domain::caller::Role;
use alongside::domain::firmness::Draws;
use alongside::domain::ids::OdsCode;
use alongside::http::{Clock, Service};
use alongside::random::Random;
use alongside::storage::{Change, DatabaseUrl, Storage, Touches, keys};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::database::{TestDatabase, a_change, secret};

/// When every test takes place.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// As whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// Without a key.
    Nobody,
    /// With a key that was never made.
    Bad,
    /// With a key of RTH that was revoked.
    Revoked,
    /// With a key of RTH that expired.
    Expired,
    Admin,
    Viewer,
    /// Oxford.
    Rth,
    /// Reading.
    Rhw,
}

impl As {
    const WITH_KEYS: [Self; 6] = [
        Self::Revoked,
        Self::Expired,
        Self::Admin,
        Self::Viewer,
        Self::Rth,
        Self::Rhw,
    ];

    /// The key to send; `None` for nobody.
    pub(crate) fn key(self) -> Option<ApiKey> {
        let byte = match self {
            Self::Nobody => return None,
            Self::Bad => 0,
            Self::Revoked => 1,
            Self::Expired => 2,
            Self::Admin => 3,
            Self::Viewer => 4,
            Self::Rth => 5,
            Self::Rhw => 6,
        };
        Some(ApiKey::from_random([byte; ApiKey::N_BYTES]))
    }

    pub(crate) fn role(self) -> Role {
        match self {
            Self::Admin => Role::ProgrammeAdmin,
            Self::Viewer => Role::Viewer,
            Self::Rhw => Role::Site(OdsCode::new("RHW").unwrap()),
            Self::Nobody | Self::Bad | Self::Revoked | Self::Expired | Self::Rth => {
                Role::Site(OdsCode::new("RTH").unwrap())
            }
        }
    }

    /// What is stored of the key.
    fn record(self) -> KeyRecord {
        let key = self.key().unwrap();
        let before = now() - TimeDelta::days(1);
        KeyRecord {
            expires_at: (self == Self::Expired).then_some(before),
            revoked_at: (self == Self::Revoked).then_some(before),
            ..KeyRecord::new(
                format!(
                    "00000000-0000-4000-8000-0000000000{:02}",
                    key.reveal().len() + self as usize
                ),
                &key,
                self.role(),
                format!("{self:?}"),
                before,
                "a test",
            )
        }
    }
}

/// Draws for who does not say: fewer than the service's own, since most tests look at something else.
const N_DRAWS: i64 = 64;

/// An application that can be asked.
pub(crate) type Asked =
    Rc<dyn Fn(TestRequest) -> Pin<Box<dyn Future<Output = ServiceResponse<BoxBody>>>>>;

/// Makes the application of a service.
pub(crate) async fn application(service: &Service) -> Asked {
    let app = Rc::new(init_service(service.app()).await);
    Rc::new(move |request: TestRequest| {
        let app = Rc::clone(&app);
        Box::pin(async move { call_service(&*app, request.to_request()).await })
    })
}

/// The application of the service that was asked last on this thread, with its number.
struct LastAsked(Option<(u64, Asked)>);

impl Drop for LastAsked {
    fn drop(&mut self) {
        // Where the thread has ended before the service, what actix keeps for the thread is gone already, and an application cannot be
        // dropped without it.
        std::mem::forget(self.0.take());
    }
}

thread_local! {
    static LAST_ASKED: RefCell<LastAsked> = const { RefCell::new(LastAsked(None)) };
}

/// The number of a service, whose application goes before its database does.
struct Number(u64);

impl Number {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        let take = |last: &RefCell<LastAsked>| {
            let mut last = last.borrow_mut();
            last.0.take_if(|(number, _)| *number == self.0)
        };
        drop(LAST_ASKED.try_with(take));
    }
}

/// The whole service over a database of its own.
pub(crate) struct TestService {
    /// `None` of one that threads share, which outlives them.
    number: Option<Number>,
    pub(crate) alongside: Arc<Alongside>,
    service: Service,
    /// How many seconds passed since the test began.
    passed: Arc<AtomicI64>,
    pub(crate) database: TestDatabase,
}

/// A SQLite database with the bundled data and the keys, made once and copied for each test.
static TEMPLATE: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = template();
    fill(&Storage::open(&DatabaseUrl::sqlite_file(&path), &secret()).unwrap());
    path
});

fn fill(storage: &Storage) {
    Alongside::open(storage.clone(), BundledData::Load, now()).unwrap();
    let change = Change {
        touches: Touches::Callers,
        ..a_change()
    };
    storage
        .write_blocking(&change, |connection| {
            As::WITH_KEYS
                .iter()
                .try_for_each(|caller| keys::insert(connection, &caller.record()))
        })
        .unwrap();
}

/// Where the template of this run is: under `target/`, without those that finished runs left.
fn template() -> PathBuf {
    const PREFIX: &str = "bundled-";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name();
        let left_by = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split('.').next());
        if left_by.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            // Another run may be removing it too.
            fs::remove_file(entry.path()).ok();
        }
    }
    folder.join(format!("{PREFIX}{}.db", std::process::id()))
}

impl TestService {
    /// The service over the bundled data on SQLite.
    pub(crate) fn bundled() -> Self {
        let database = TestDatabase::sqlite();
        let path = database.url().file().unwrap().to_owned();
        fs::copy(&*TEMPLATE, &path).unwrap();
        Self::over(database)
    }

    /// The service over the bundled data on this database, which is empty.
    pub(crate) fn filled(database: TestDatabase) -> Self {
        fill(&database.open());
        Self::over(database)
    }

    fn over(database: TestDatabase) -> Self {
        let alongside = Alongside::open(database.open(), BundledData::Skip, now())
            .unwrap()
            .with_default_draws(Draws::new(N_DRAWS).unwrap());
        let alongside = Arc::new(alongside);
        let passed = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&passed);
        let clock = Clock::of(move || now() + TimeDelta::seconds(told.load(Ordering::Relaxed)));
        Self {
            service: Service::new(Arc::clone(&alongside), clock, Random::counted()).unwrap(),
            alongside,
            passed,
            database,
            number: Some(Number::next()),
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: TimeDelta) {
        self.passed.fetch_add(time.num_seconds(), Ordering::Relaxed);
    }

    /// What time it is.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        now() + TimeDelta::seconds(self.passed.load(Ordering::Relaxed))
    }

    /// The same service, which tells events in this way.
    pub(crate) fn telling(self, settings: &DeliverySettings) -> Self {
        Self {
            service: self.service.telling(settings),
            number: Some(Number::next()),
            ..self
        }
    }

    /// The application, for tests that do not read an answer to its end.
    pub(crate) fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<BoxBody>,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        self.service.app()
    }

    /// What the files of the database hold, those of its journal included.
    pub(crate) fn bytes_on_disk(&self) -> Vec<u8> {
        let file = self.database.url().file().unwrap().to_owned();
        let folder = fs::read_dir(file.parent().unwrap()).unwrap();
        folder
            .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect()
    }

    /// The texts that a query past the service returns, from a column called `text`.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        self.database.texts(sql)
    }

    /// Sends a request.
    pub(crate) async fn ask(&self, caller: As, request: TestRequest) -> Answer {
        self.ask_all(caller, vec![request]).await.remove(0)
    }

    /// The same service, for a test binary to keep: it makes its application anew whenever it is asked.
    pub(crate) fn shared(self) -> Self {
        Self {
            number: None,
            ..self
        }
    }

    /// The application of this thread, kept until another service is asked: its routes are some two hundred regular expressions.
    async fn asked(&self) -> Asked {
        let number = self.number.as_ref().map(|number| number.0);
        let last = LAST_ASKED.with_borrow(|last| last.0.clone());
        if let Some((of, app)) = last
            && number == Some(of)
        {
            return app;
        }
        let asked = application(&self.service).await;
        if let Some(number) = number {
            let kept = Some((number, Rc::clone(&asked)));
            drop(LAST_ASKED.with_borrow_mut(|last| std::mem::replace(&mut last.0, kept)));
        }
        asked
    }

    /// Sends requests, one after the other, to one worker.
    pub(crate) async fn ask_all(&self, caller: As, requests: Vec<TestRequest>) -> Vec<Answer> {
        let app = self.asked().await;
        let mut answers = Vec::with_capacity(requests.len());
        for mut request in requests {
            if let Some(key) = caller.key() {
                request =
                    request.insert_header((AUTHORIZATION, format!("Bearer {}", key.reveal())));
            }
            let response = app(request).await;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            answers.push(Answer {
                status,
                headers,
                body: read_body(response).await,
            });
        }
        answers
    }

    pub(crate) async fn get(&self, caller: As, path: &str) -> Answer {
        self.ask(caller, TestRequest::get().uri(path)).await
    }

    /// Sends a JSON body.
    pub(crate) async fn send(
        &self,
        caller: As,
        request: TestRequest,
        path: &str,
        body: &str,
    ) -> Answer {
        let request = request
            .uri(path)
            .insert_header((CONTENT_TYPE, "application/json"))
            .set_payload(body.to_owned());
        self.ask(caller, request).await
    }

    /// Puts a JSON body in the place of whatever there is.
    pub(crate) async fn put(&self, caller: As, path: &str, body: &Value) -> Answer {
        let request = TestRequest::put().insert_header((IF_MATCH, "*"));
        self.send(caller, request, path, &body.to_string()).await
    }

    pub(crate) async fn post(&self, caller: As, path: &str, body: &Value) -> Answer {
        self.send(caller, TestRequest::post(), path, &body.to_string())
            .await
    }

    /// Deletes whatever there is.
    pub(crate) async fn delete(&self, caller: As, path: &str) -> Answer {
        let request = TestRequest::delete()
            .uri(path)
            .insert_header((IF_MATCH, "*"));
        self.ask(caller, request).await
    }
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Shows that all is well, and returns what is answered.
    pub(crate) fn good(&self) -> Value {
        let body = self.json();
        assert!((200..=201).contains(&self.status), "{} {body}", self.status);
        assert_eq!(self.header("content-type"), "application/json");
        body
    }

    /// Shows that this is a failure in the one form, and returns it.
    pub(crate) fn problem(&self, status: u16, reference: &str) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status, &body["type"]),
            (status, &Value::from(reference)),
            "{body}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["traceId"], self.header("x-request-id"));
        body
    }
}
