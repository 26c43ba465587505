//! Standings: kept, removed, and compared with each other or with the present.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Alongside;
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::organisation::{Organisation, Status};
use crate::domain::register::Register;
use crate::domain::standing::{MAX_SITES, Stability, Standing, StandingHead};
use crate::domain::suggestion::METHOD_VERSION;
use crate::domain::version::Expected;
use crate::engine::snapshot::Snapshot;
use crate::engine::standings::{Followed, stability, standing};
use crate::storage::audit::{self, Entry};
use crate::storage::{Connection, names, register, standings};

/// With what a standing is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// A kept one, by id.
    Kept(String),
    /// What sites see on a day, as the data are.
    Now(NaiveDate),
}

/// Works out the present as everybody may know it: what sites saved for themselves is put aside first.
pub(super) fn present(
    mut register: Register,
    as_of: NaiveDate,
    followed: &Followed,
) -> Result<Standing> {
    register.saved_weights.clear();
    let is_active = |o: &&Organisation| o.status == Status::Active;
    if register.organisations.iter().filter(is_active).count() > MAX_SITES {
        return Err(Error::Conflict {
            rule: "/problems/too-many-organisations",
            detail: format!("Standings are made of at most {MAX_SITES} active organisations."),
        });
    }
    let snapshot = Snapshot::new(&register);
    let sites = standing(&snapshot, as_of, followed);
    let head = StandingHead {
        id: None,
        sequence: i64::MAX,
        revision: register.revision,
        method_version: METHOD_VERSION.to_owned(),
        as_of,
        n_sites: sites.len(),
        kept: None,
    };
    Ok(Standing { head, sites })
}

fn note(connection: &mut Connection, before: Option<&StandingHead>, after: Option<&StandingHead>) {
    let id = after.or(before).and_then(|head| head.id.clone());
    let entry = Entry {
        kind: standings::KIND,
        id: id.unwrap_or_default(),
        ods_code: None,
        before: before.map(standings::json_of),
        after: after.map(standings::json_of),
    };
    audit::note(connection, entry);
}

/// Keeps what all sites see on a day, with where those stand who stood in an earlier standing, and returns its head. It is worked
/// out in the transaction of the connection, so that nothing comes between it and its revision.
///
/// # Errors
///
/// [`Error::Conflict`] where as many are kept as may be, or there are too many organisations; those of the database.
pub fn keep(
    connection: &mut Connection,
    (id, at, by): (String, chrono::DateTime<chrono::Utc>, String),
    as_of: NaiveDate,
) -> Result<StandingHead> {
    standings::check_room(connection)?;
    let followed = standings::followed(connection)?;
    let mut made = present(register::load(connection)?, as_of, &followed)?;
    made.head.id = Some(id);
    made.head.kept = Some((at, by));
    let head = standings::add(connection, &made)?;
    note(connection, None, Some(&head));
    Ok(head)
}

/// Removes a standing.
///
/// # Errors
///
/// Those of [`standings::remove`].
pub fn remove(connection: &mut Connection, id: &str, expected: &Expected) -> Result<()> {
    let before = standings::remove(connection, id, expected)?;
    note(connection, Some(&before), None);
    Ok(())
}

/// What a comparison is made from, read in one state of the database.
struct Material {
    from: Standing,
    later: Later,
}

enum Later {
    Kept(Standing),
    Now(Box<Register>, NaiveDate),
}

fn read(connection: &mut Connection, id: &str, with: With) -> Result<Material> {
    let from = standings::find(connection, id)?;
    let later = match with {
        With::Now(as_of) => Later::Now(Box::new(register::load(connection)?), as_of),
        With::Kept(other) => {
            let to = standings::find(connection, &other).map_err(|error| match error {
                Error::Missing { .. } => Error::invalid("/query/to", "is the id of no standing"),
                other => other,
            })?;
            if to.head.sequence < from.head.sequence {
                let words = "is a standing that was kept before the one it is compared with";
                return Err(Error::invalid("/query/to", words));
            }
            Later::Kept(to)
        }
    };
    Ok(Material { from, later })
}

fn compare(material: Material) -> Result<Stability> {
    let Material { from, later } = material;
    let to = match later {
        Later::Kept(to) => to,
        Later::Now(register, as_of) => {
            let codes = |site: &crate::domain::standing::SiteStanding| {
                let top = site.top.iter().map(|seen| seen.candidate);
                (site.ods_code, top.collect())
            };
            let followed: Followed = from.sites.iter().map(codes).collect();
            present(*register, as_of, &followed)?
        }
    };
    Ok(stability(&from, &to))
}

impl Alongside {
    /// Says how a standing differs from a later one, or from the present, with the names of whom it speaks of, and at most `limit` of
    /// the sites whose list changed. Writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] where there is no such standing; [`Error::Invalid`] where the other is none or was kept earlier;
    /// [`Error::Conflict`] where there are too many organisations; those of the database.
    pub async fn stability(
        &self,
        id: String,
        with: With,
        limit: usize,
    ) -> Result<(Stability, BTreeMap<OdsCode, String>)> {
        let storage = self.storage().clone();
        // Read once it is its turn: whoever waits holds no copy of everything.
        let work = move || compare(storage.read_blocking(|c| read(c, &id, with))?);
        let mut found = self.analysis_in_turn(work).await?;
        // Where nothing moved there is nothing to tell but the count, which is in the distribution.
        found
            .sites
            .retain(|site| !site.left.is_empty() || !site.came.is_empty());
        found.sites.truncate(limit);
        let codes = found.sites.iter().flat_map(|site| {
            let left = site.left.iter().map(|left| left.candidate);
            left.chain(site.came.iter().copied()).chain([site.ods_code])
        });
        let codes: Vec<OdsCode> = codes.collect();
        let names = self.storage().read(move |c| names::of(c, codes)).await?;
        Ok((found, names))
    }
}
