//! `alongside keys`: who may call, from the machine of the database.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::app::keys::{
    AskedKey, By, DEFAULT_OVERLAP_S, MAX_OVERLAP_S, NewKey, make, revoke, rotate,
};
use crate::cli::Now;
use crate::cli::failure::Failure;
use crate::cli::flags::{DatabaseFlags, SecretFlags};
use crate::cli::stdout::print;
use crate::config::{Config, DatabaseSetting, Flags};
use crate::domain::api_key::{ApiKey, KeyRecord};
use crate::domain::error::Result as DomainResult;
use crate::random::Random;
use crate::startup::{self, StartError};
use crate::storage::{Change, Connection, Outcome, Storage, Touches, keys};

/// Who does it, in the audit: whoever may use this machine.
const ACTOR: &str = "command line";

/// Lists, makes, rotates and revokes the keys of callers
///
/// Works on the database, also while the service runs, which knows of it within a second. A key is printed once, when it is
/// made; what is kept does not show it again.
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside keys list
  alongside keys create --role site --ods-code RTH --label 'Oxford, patient flow'
  alongside keys create --role viewer --label Dashboard --expires-at 2027-04-01T00:00:00Z --json
  alongside keys rotate als_abcd2345 --overlap 3600
  alongside keys revoke als_abcd2345")]
pub struct Keys {
    #[command(subcommand)]
    action: Action,
}

/// Where the keys are.
#[derive(Args)]
struct Place {
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    secret: SecretFlags,
}

#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Subcommand)]
enum Action {
    /// Lists every key, the first made first; the keys themselves are kept nowhere
    List {
        #[command(flatten)]
        place: Place,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Makes a key and prints it, this once
    Create {
        #[command(flatten)]
        place: Place,
        /// What its holder may do: site, programme_admin or viewer
        #[arg(long, value_name = "ROLE")]
        role: String,
        /// What it is for, without a person's name
        #[arg(long, value_name = "TEXT")]
        label: String,
        /// The organisation that a site is, for example RTH
        #[arg(long, value_name = "ODS")]
        ods_code: Option<String>,
        /// From when on it is not taken, for example 2027-04-01T00:00:00Z [default: never]
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Makes a key in the place of another and prints it, this once
    Rotate {
        #[command(flatten)]
        place: Place,
        /// The key: its prefix or its id
        #[arg(value_name = "KEY")]
        key: String,
        /// How many seconds the old key stays good, at most 30 days
        #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_OVERLAP_S,
              value_parser = clap::value_parser!(i64).range(0..=MAX_OVERLAP_S))]
        overlap: i64,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Revokes a key at once, for good
    Revoke {
        #[command(flatten)]
        place: Place,
        /// The key: its prefix or its id
        #[arg(value_name = "KEY")]
        key: String,
    },
}

impl Keys {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        let (Action::List { place, .. }
        | Action::Create { place, .. }
        | Action::Rotate { place, .. }
        | Action::Revoke { place, .. }) = &self.action;
        let flags = place.database.clone().add_to(flags);
        place.secret.clone().add_to(flags)
    }

    /// Does what is asked for.
    ///
    /// # Errors
    ///
    /// [`Failure::Answer`] where it breaks a rule; [`Failure::Config`], [`Failure::Database`], [`Failure::Start`] and
    /// [`Failure::Output`].
    pub fn run(&self, config: &Config, now: Now) -> Result<(), Failure> {
        let database = config
            .database()?
            .unwrap_or_else(DatabaseSetting::default_file);
        let at = now();
        match &self.action {
            Action::List { json, .. } => {
                let keys = Storage::open_to_read(&database.url)
                    .and_then(|storage| storage.read_blocking(keys::all))
                    .map_err(|error| Failure::of_database(StartError::Open(error), database))?;
                print(&if *json {
                    listed_json(&keys, at)
                } else {
                    table(&keys, at)
                })
            }
            Action::Create {
                role,
                label,
                ods_code,
                expires_at,
                json,
                ..
            } => {
                let asked = AskedKey {
                    label,
                    role,
                    ods_code: ods_code.as_deref(),
                    expires_at: expires_at.as_deref(),
                };
                let new = NewKey::read(asked, at).map_err(Failure::Answer)?;
                let storage = open(config, database)?;
                let made = changed(&storage, "create_key", at, |connection| {
                    make(connection, &Random::system(), &by(at), new).map(Outcome::Changed)
                })?;
                print(&shown(&made, *json, at))
            }
            Action::Rotate {
                key, overlap, json, ..
            } => {
                let overlap = TimeDelta::seconds(*overlap);
                let storage = open(config, database)?;
                let made = changed(&storage, "rotate_key", at, |connection| {
                    rotate(connection, &Random::system(), &by(at), key, overlap)
                        .map(Outcome::Changed)
                })?;
                print(&shown(&made, *json, at))
            }
            Action::Revoke { key, .. } => {
                let storage = open(config, database)?;
                let revoked = changed(&storage, "revoke_key", at, |connection| {
                    revoke(connection, &by(at), key)
                })?;
                print(&format!("The key {} is revoked.\n", revoked.prefix))
            }
        }
    }
}

fn open(config: &Config, database: DatabaseSetting) -> Result<Storage, Failure> {
    let open = || {
        let secret = startup::secret(&database.url, config.secret_file())?;
        Storage::open(&database.url, &secret).map_err(StartError::Open)
    };
    open().map_err(|error| Failure::of_database(error, database.clone()))
}

fn changed<T>(
    storage: &Storage,
    action: &'static str,
    at: DateTime<Utc>,
    work: impl FnOnce(&mut Connection) -> DomainResult<Outcome<T>>,
) -> Result<T, Failure> {
    let change = Change {
        actor: ACTOR.to_owned(),
        action,
        detail: String::new(),
        at,
        request_id: String::new(),
        touches: Touches::Callers,
    };
    let outcome = storage.write_outcome_blocking(&change, work);
    outcome.map(|(value, _)| value).map_err(Failure::Answer)
}

fn by(at: DateTime<Utc>) -> By {
    By {
        actor: ACTOR.to_owned(),
        at,
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn state(key: &KeyRecord, now: DateTime<Utc>) -> &'static str {
    if key.is_good(now) {
        "good"
    } else if key.revoked_at.is_some() {
        "revoked"
    } else {
        "expired"
    }
}

fn view(key: &KeyRecord, now: DateTime<Utc>) -> Value {
    json!({
        "id": key.id,
        "prefix": key.prefix,
        "label": key.label,
        "role": key.role.as_str(),
        "odsCode": key.role.site().map(|code| code.to_string()),
        "state": state(key, now),
        "createdAt": time(key.created_at),
        "createdBy": key.created_by,
        "expiresAt": key.expires_at.map(time),
        "revokedAt": key.revoked_at.map(time),
        "rotatedTo": key.rotated_to,
    })
}

fn listed_json(keys: &[KeyRecord], now: DateTime<Utc>) -> String {
    let items: Vec<_> = keys.iter().map(|key| view(key, now)).collect();
    format!("{}\n", json!({ "items": items }))
}

/// The key in a line of its own, so that a script can take it, or all of it as JSON.
fn shown((key, record): &(ApiKey, KeyRecord), json: bool, now: DateTime<Utc>) -> Zeroizing<String> {
    if !json {
        return Zeroizing::new(format!("{}\n", key.reveal()));
    }
    let mut view = view(record, now);
    view["key"] = key.reveal().into();
    Zeroizing::new(format!("{view}\n"))
}

fn table(keys: &[KeyRecord], now: DateTime<Utc>) -> String {
    if keys.is_empty() {
        return "There are no keys.\n".to_owned();
    }
    let mut table = format!(
        "{:<12}  {:<15}  {:<12}  {:<7}  {:<20}  LABEL\n",
        "KEY", "ROLE", "SITE", "STATE", "EXPIRES"
    );
    for key in keys {
        let site = key.role.site().map(|code| code.to_string());
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "{:<12}  {:<15}  {:<12}  {:<7}  {:<20}  {}",
            key.prefix,
            key.role.as_str(),
            site.unwrap_or_default(),
            state(key, now),
            key.expires_at.map_or_else(|| "never".to_owned(), time),
            key.label
        );
    }
    table
}
