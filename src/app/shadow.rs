//! Models beside the weights in use: what they would change, and how they do on what became known since.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Alongside;
use super::models::shares;
use super::standings::present;
use crate::domain::error::{Error, Result};
use crate::domain::ids::Slug;
use crate::domain::model::{Model, Shadow};
use crate::domain::outcome::PartnershipOutcome;
use crate::domain::programme::{ProgrammeRecord, Weights};
use crate::domain::register::Register;
use crate::engine::outcomes::programme::newer;
use crate::engine::snapshot::Snapshot;
use crate::engine::standings::Followed;
use crate::engine::standings::moves::{moves, sites_of};
use crate::storage::{Connection, models, outcomes, programmes, register};

/// What a model is shown beside the weights in use from, read in one state of the database.
struct Material {
    model: Model,
    programme: ProgrammeRecord,
    register: Box<Register>,
    known: Vec<PartnershipOutcome>,
    now: Vec<PartnershipOutcome>,
}

fn read(connection: &mut Connection, id: &str) -> Result<Material> {
    let model = models::find(connection, id)?;
    let slug = &model.basis.programme;
    Ok(Material {
        programme: programmes::find(connection, Some(slug))?,
        register: Box::new(register::load(connection)?),
        known: outcomes::known_by(connection, slug, model.basis.known_until)?,
        now: outcomes::of_programme(connection, slug)?,
        model,
    })
}

/// Gives a programme other weights in what scoring reads.
fn weigh(register: &mut Register, programme: &Slug, weights: Weights) {
    if register.programme.slug == *programme {
        register.programme.weights = weights;
    }
    for joined in &mut register.programmes {
        if joined.programme.slug == *programme {
            joined.programme.weights = weights;
        }
    }
}

fn shadow(material: Material, as_of: NaiveDate) -> Result<Shadow> {
    let Material {
        model,
        programme,
        register,
        known,
        now,
    } = material;
    let slug = &model.basis.programme;
    let in_use = shares(programme.programme.weights)?;
    let weights = model.learnt.published();
    let weights =
        weights.map_err(|fault| Error::Internal("looking at a model in shadow", fault.into()))?;
    let sites = sites_of(&Snapshot::new(&register), as_of, slug);
    let mut other = register.as_ref().clone();
    weigh(&mut other, slug, weights);
    let from = present(*register, as_of, &BTreeMap::new())?;
    let followed: Followed = from
        .sites
        .iter()
        .map(|site| {
            let top = site.top.iter().map(|seen| seen.candidate);
            (site.ods_code, top.collect())
        })
        .collect();
    let to = present(other, as_of, &followed)?;
    let (lists, regions) = moves(&from, &to, &sites);
    let learnt = model.learnt.weights.map(|share| share.weight);
    Ok(Shadow {
        newer: newer(&known, &now, (&learnt, &in_use)),
        in_use,
        weights_version: programme.weights_version,
        revision: from.head.revision,
        as_of,
        lists,
        regions,
        model,
    })
}

impl Alongside {
    /// Shows a model beside the weights in use: how the top tens of the programme's sites would change on a day, and how both do on
    /// outcomes that are newer than the model. Writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] where there is no such model; [`Error::Conflict`] where there are too many organisations; those of the
    /// database.
    pub async fn shadow(&self, id: String, as_of: NaiveDate) -> Result<Shadow> {
        let storage = self.storage().clone();
        // Read once it is its turn: whoever waits holds no copy of everything.
        let work = move || shadow(storage.read_blocking(|c| read(c, &id))?, as_of);
        self.analysis_in_turn(work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::test_register::{programme, register};

    #[test]
    fn only_the_named_programme_is_weighed() {
        let other = Weights::new([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        let mut register = register(&[]);
        register.programmes = vec![programme("near", Weights::EQUAL, "2026-01-01", &[])];
        let default = register.programme.weights;
        weigh(&mut register, &"near".parse().unwrap(), other);
        assert_eq!(register.programmes[0].programme.weights, other);
        assert_eq!(register.programme.weights, default);
        let slug = register.programme.slug.clone();
        weigh(&mut register, &slug, other);
        assert_eq!(register.programme.weights, other);
    }
}
