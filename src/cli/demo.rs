//! `alongside demo`: the service on the bundled data, with a first answer to look at.

use std::net::IpAddr;

use clap::Args;
use zeroize::Zeroizing;

use crate::app::Alongside;
use crate::app::keys::{DemoKeys, for_demo};
use crate::cli::failure::Failure;
use crate::cli::flags::ListenFlags;
use crate::cli::serve::{access_settings, http_settings, ready_json};
use crate::cli::stdout::print;
use crate::cli::{Now, answer};
use crate::config::{Config, DEFAULT_PORT, Flags};
use crate::domain::error::Error;
use crate::domain::firmness::{Draws, FirmnessRequest};
use crate::domain::ids::{MalformedId, OdsCode};
use crate::domain::suggestion::{Filters, Limit, SeenBy, SuggestionRequest, Suggestions};
use crate::http::Clock;
use crate::random::Random;
use crate::startup::{self, FirstKey, Port, Service, Signals, StartError, TemporaryDatabase};

/// Whose partners the demo shows: Oxford, about which much is recorded.
const DEMO_SEEKER: &str = "RTH";

/// The sites that get a key: Oxford, and Reading, its best partner.
const DEMO_SITES: [&str; 2] = [DEMO_SEEKER, "RHW"];

/// How many of them.
const N_SHOWN: i64 = 3;

/// Shows the service at work on real open data, with nothing to set up
///
/// Starts the service on a database of its own in a temporary directory, filled with the bundled open data about NHS
/// trusts, makes keys for a programme admin and two sites, prints where it answers and a first answer, and runs until
/// Ctrl-C. The database is removed at the end, and with it the keys. A
/// configured database is left alone. Where port 8080 is in use and no port was asked for, it takes a free one.
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside demo
  alongside demo --port 8090
  alongside demo --port 0 --json")]
pub struct Demo {
    #[command(flatten)]
    listen: ListenFlags,
    /// Prints exactly one line when ready: {"url":"http://127.0.0.1:PORT","adminKey":"KEY","siteKeys":{"RTH":"KEY","RHW":"KEY"}}
    #[arg(long)]
    json: bool,
}

impl Demo {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        self.listen.clone().add_to(flags)
    }

    /// Runs the demo until it is stopped.
    ///
    /// # Errors
    ///
    /// [`Failure::Config`], [`Failure::Start`] and [`Failure::Answer`]; [`Failure::Output`] where nobody can be told that
    /// it is ready.
    pub fn run(&self, config: &Config, now: Now) -> Result<(), Failure> {
        let listening = config.listening()?;
        let port = match config.port()? {
            Some(port) => Port::Exactly(port),
            None => Port::Preferably(DEFAULT_PORT),
        };
        let access = access_settings(config)?;
        let listener = startup::listen(listening.address, port)?;
        let settings = http_settings(access, &listening)?;
        startup::run(async {
            // Before there is a directory to remove, so that Ctrl-C at any moment removes it.
            let signals = Signals::of_a_terminal()?;
            let database = TemporaryDatabase::open(now())?;
            let alongside = database.alongside().clone();
            let shown = self.first_answer(&alongside, now)?;
            let sites = DEMO_SITES.map(OdsCode::new).into_iter();
            let sites: Vec<_> = sites.collect::<Result<_, _>>().map_err(own_code)?;
            let keys = for_demo(alongside.storage(), &Random::system(), now(), &sites)
                .map_err(StartError::Open)?;
            alongside.refresh().await.map_err(StartError::Open)?;
            let service = startup::serve(alongside, listener, settings, Clock::of(now))?;
            print(&match shown {
                None => ready_json(&service, FirstKey::Shown(keys.admin), &keys.sites),
                Some(shown) => welcome(&service, listening.address, port, &keys, &shown),
            })?;
            service.until(signals).await?;
            database.remove();
            Ok(())
        })
    }

    /// The answer to show, where a person looks.
    fn first_answer(
        &self,
        alongside: &Alongside,
        now: Now,
    ) -> Result<Option<Suggestions>, Failure> {
        if self.json {
            return Ok(None);
        }
        let request = SuggestionRequest {
            seeker: OdsCode::new(DEMO_SEEKER).map_err(own_code)?,
            seen_by: SeenBy::Site,
            weights: None,
            filters: Filters::default(),
            limit: Limit::new(N_SHOWN).unwrap_or(Limit::DEFAULT),
            as_of: now().date_naive(),
            firmness: FirmnessRequest::of(Draws::DEFAULT),
            spread_load: None,
        };
        alongside
            .suggest(&request)
            .map(Some)
            .map_err(Failure::Answer)
    }
}

/// A code of the demo's own that is none, which is a bug.
fn own_code(rule: MalformedId) -> Failure {
    Failure::Answer(Error::Internal(
        "reading the demo's own code",
        Box::new(rule),
    ))
}

/// What to know and to try first.
fn welcome(
    service: &Service,
    address: IpAddr,
    wanted: Port,
    keys: &DemoKeys,
    shown: &Suggestions,
) -> Zeroizing<String> {
    let url = service.url();
    let default_url = format!(
        "http://{}",
        std::net::SocketAddr::new(address, DEFAULT_PORT)
    );
    let other_port = match wanted {
        Port::Preferably(_) if url != default_url => {
            format!(" (port {DEFAULT_PORT} is in use by another program)")
        }
        Port::Preferably(_) | Port::Exactly(_) => String::new(),
    };
    let mut shown_keys = format!("  Programme admin  {}\n", keys.admin.reveal());
    for (code, key) in &keys.sites {
        shown_keys += &format!("  Site {code:<11} {}\n", key.reveal());
    }
    let curl_key = match keys.sites.first() {
        Some((_, key)) => key.reveal(),
        None => keys.admin.reveal(),
    };
    Zeroizing::new(format!(
        "Alongside demo on {url}{other_port}\n\
         \n\
         \x20 Try it in a browser   {url}/swagger-ui/ (Authorize, with one of the keys below)\n\
         \x20 Or in a terminal      curl -H 'Authorization: Bearer {curl_key}' '{url}/api/v1/organisations/{DEMO_SEEKER}/suggestions?limit={N_SHOWN}'\n\
         \x20 Real open data about NHS trusts, in a temporary database; programs on this machine only.\n\
         \n\
         Keys, good while the demo runs:\n\
         {shown_keys}\
         \n\
         {}\n\
         Stop it with Ctrl-C.\n",
        answer::teaser(shown)
    ))
}
