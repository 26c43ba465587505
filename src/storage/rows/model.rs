//! Rows of models.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{AsChangeset, Insertable, Queryable};
use serde::{Deserialize, Serialize};

use crate::domain::error::{Error, Result};
use crate::domain::ids::Revision;
use crate::domain::model::{
    Activation, Basis, BinFound, CalibrationBin, Coefficient, Each, HeldOut, Learnt, LearntShare,
    Model, ModelFindings, ModelState, Retirement,
};
use crate::domain::programme::Criterion;
use crate::domain::version::Version;
use crate::storage::failure::Stored;
use crate::storage::schema::models;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = models, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(in crate::storage) struct ModelRow {
    pub(in crate::storage) id: String,
    sequence: i64,
    programme: String,
    made_at: NaiveDateTime,
    made_by: String,
    as_of: NaiveDate,
    known_until: NaiveDateTime,
    revision: i64,
    method_version: String,
    seed: i64,
    weights_version: i64,
    prior: String,
    in_use: String,
    learnt: String,
    state: String,
    activated_at: Option<NaiveDateTime>,
    activated_by: Option<String>,
    activated_reason: Option<String>,
    activated_version: Option<i64>,
    version_before: Option<i64>,
    retired_at: Option<NaiveDateTime>,
    retired_by: Option<String>,
    retired_why: Option<String>,
    retired_reason: Option<String>,
    version: i64,
}

fn time(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(6)
}

fn signed(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|fault| Error::Internal("keeping a model", fault.into()))
}

fn text_of(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|fault| Error::Internal("writing a model", fault.into()))
}

fn read<'a, T: Deserialize<'a>>(row: &Stored<'_>, text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|fault| row.corrupt(fault))
}

impl ModelRow {
    pub(in crate::storage) fn new(model: &Model) -> Result<Self> {
        let (basis, activation) = (&model.basis, model.activation.as_ref());
        let retirement = model.retirement.as_ref();
        let version = |of: fn(&Activation) -> Version| activation.map(|a| signed(of(a).0));
        Ok(Self {
            id: model.id.clone(),
            sequence: model.sequence,
            programme: basis.programme.to_string(),
            made_at: time(model.made_at),
            made_by: model.made_by.clone(),
            as_of: basis.as_of,
            known_until: time(basis.known_until),
            revision: signed(basis.revision.0)?,
            method_version: basis.method_version.clone(),
            seed: signed(basis.seed)?,
            weights_version: signed(basis.weights_version.0)?,
            prior: text_of(&basis.prior)?,
            in_use: text_of(&basis.in_use)?,
            learnt: text_of(&LearntText::new(&model.learnt))?,
            state: model.state.to_string(),
            activated_at: activation.map(|a| time(a.at)),
            activated_by: activation.map(|a| a.by.clone()),
            activated_reason: activation.map(|a| a.reason.clone()),
            activated_version: version(|a| a.weights_version).transpose()?,
            version_before: version(|a| a.version_before).transpose()?,
            retired_at: retirement.map(|r| time(r.at)),
            retired_by: retirement.map(|r| r.by.clone()),
            retired_why: retirement.map(|r| r.why.to_string()),
            retired_reason: retirement.and_then(|r| r.reason.clone()),
            version: signed(model.version.0)?,
        })
    }

    pub(in crate::storage) fn into_domain(self) -> Result<Model> {
        let key = [self.id.as_str()];
        let row = Stored::new("models", &key);
        let number = |number: i64| u64::try_from(number).map_err(|fault| row.corrupt(fault));
        let learnt: LearntText = read(&row, &self.learnt)?;
        let state: ModelState = row.parse(&self.state)?;
        let activation = self.activation(&row)?;
        let retirement = self.retirement(&row)?;
        let basis = Basis {
            programme: row.parse(&self.programme)?,
            as_of: self.as_of,
            known_until: self.known_until.and_utc(),
            revision: Revision(number(self.revision)?),
            method_version: self.method_version.clone(),
            seed: number(self.seed)?,
            prior: read(&row, &self.prior)?,
            in_use: read(&row, &self.in_use)?,
            weights_version: Version(number(self.weights_version)?),
        };
        Ok(Model {
            sequence: self.sequence,
            made_at: self.made_at.and_utc(),
            basis,
            learnt: learnt.into_domain(&row)?,
            state,
            activation,
            retirement,
            version: Version(number(self.version)?),
            made_by: self.made_by,
            id: self.id,
        })
    }

    fn activation(&self, row: &Stored<'_>) -> Result<Option<Activation>> {
        let whole = (
            self.activated_at,
            self.activated_by.as_ref(),
            self.activated_reason.as_ref(),
            self.activated_version.zip(self.version_before),
        );
        let (Some(at), Some(by), Some(reason), Some((version, before))) = whole else {
            return match self.activated_at {
                None => Ok(None),
                Some(_) => Err(row.corrupt("how it was put to use is known in part")),
            };
        };
        let number = |number| u64::try_from(number).map_err(|fault| row.corrupt(fault));
        Ok(Some(Activation {
            at: at.and_utc(),
            by: by.clone(),
            reason: reason.clone(),
            weights_version: Version(number(version)?),
            version_before: Version(number(before)?),
        }))
    }

    fn retirement(&self, row: &Stored<'_>) -> Result<Option<Retirement>> {
        let whole = (self.retired_at, &self.retired_by, &self.retired_why);
        match whole {
            (None, ..) => Ok(None),
            (Some(at), Some(by), Some(why)) => Ok(Some(Retirement {
                at: at.and_utc(),
                by: by.clone(),
                why: row.parse(why)?,
                reason: self.retired_reason.clone(),
            })),
            (Some(_), ..) => Err(row.corrupt("how it went out of use is known in part")),
        }
    }
}

/// What was learnt, as it is kept.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LearntText {
    n_outcomes: usize,
    n_pairs: usize,
    intercept: CoefficientText,
    coefficients: Each<Option<CoefficientText>>,
    weights: Each<ShareText>,
    held_out: HeldOutText,
    calibration: Vec<BinText>,
    gate: String,
    findings: FindingsText,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CoefficientText {
    mean: f64,
    standard_deviation: f64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ShareText {
    weight: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HeldOutText {
    learnt: f64,
    prior: f64,
    in_use: f64,
    gain: f64,
    standard_error: f64,
    brier: f64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct BinText {
    from: f64,
    to: f64,
    found: Option<(usize, f64, f64)>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FindingsText {
    never_applied: Vec<String>,
    constant: Vec<String>,
    collinear: Vec<(String, String)>,
    n_left_out: usize,
    n_other_method: usize,
}

impl From<Coefficient> for CoefficientText {
    fn from(of: Coefficient) -> Self {
        Self {
            mean: of.mean,
            standard_deviation: of.standard_deviation,
        }
    }
}

impl From<CoefficientText> for Coefficient {
    fn from(text: CoefficientText) -> Self {
        Self {
            mean: text.mean,
            standard_deviation: text.standard_deviation,
        }
    }
}

impl LearntText {
    fn new(learnt: &Learnt) -> Self {
        let held_out = learnt.held_out;
        Self {
            n_outcomes: learnt.n_outcomes,
            n_pairs: learnt.n_pairs,
            intercept: learnt.intercept.into(),
            coefficients: learnt.coefficients.map(|of| of.map(Into::into)),
            weights: learnt.weights.map(|share| ShareText {
                weight: share.weight,
                low: share.low,
                high: share.high,
            }),
            held_out: HeldOutText {
                learnt: held_out.learnt,
                prior: held_out.prior,
                in_use: held_out.in_use,
                gain: held_out.gain,
                standard_error: held_out.standard_error,
                brier: held_out.brier,
            },
            calibration: learnt.calibration.iter().map(BinText::new).collect(),
            gate: learnt.gate.to_string(),
            findings: FindingsText::new(&learnt.findings),
        }
    }

    fn into_domain(self, row: &Stored<'_>) -> Result<Learnt> {
        let held_out = self.held_out;
        Ok(Learnt {
            n_outcomes: self.n_outcomes,
            n_pairs: self.n_pairs,
            intercept: self.intercept.into(),
            coefficients: self.coefficients.map(|of| of.map(Into::into)),
            weights: self.weights.map(|share| LearntShare {
                weight: share.weight,
                low: share.low,
                high: share.high,
            }),
            held_out: HeldOut {
                learnt: held_out.learnt,
                prior: held_out.prior,
                in_use: held_out.in_use,
                gain: held_out.gain,
                standard_error: held_out.standard_error,
                brier: held_out.brier,
            },
            calibration: self.calibration.into_iter().map(Into::into).collect(),
            gate: row.parse(&self.gate)?,
            findings: self.findings.into_domain(row)?,
        })
    }
}

impl BinText {
    fn new(bin: &CalibrationBin) -> Self {
        Self {
            from: bin.from,
            to: bin.to,
            found: bin.found.map(|f| (f.n_outcomes, f.predicted, f.observed)),
        }
    }
}

impl From<BinText> for CalibrationBin {
    fn from(text: BinText) -> Self {
        let found = |(n_outcomes, predicted, observed)| BinFound {
            n_outcomes,
            predicted,
            observed,
        };
        Self {
            from: text.from,
            to: text.to,
            found: text.found.map(found),
        }
    }
}

impl FindingsText {
    fn new(findings: &ModelFindings) -> Self {
        let names = |of: &[Criterion]| of.iter().map(ToString::to_string).collect();
        let pairs = findings.collinear.iter();
        Self {
            never_applied: names(&findings.never_applied),
            constant: names(&findings.constant),
            collinear: pairs.map(|(a, b)| (a.to_string(), b.to_string())).collect(),
            n_left_out: findings.n_left_out,
            n_other_method: findings.n_other_method,
        }
    }

    fn into_domain(self, row: &Stored<'_>) -> Result<ModelFindings> {
        let read = |names: &[String]| -> Result<Vec<Criterion>> {
            names.iter().map(|name| row.parse(name)).collect()
        };
        let pairs = self.collinear.iter();
        let collinear: Result<_> = pairs
            .map(|(a, b)| Ok((row.parse(a)?, row.parse(b)?)))
            .collect();
        Ok(ModelFindings {
            never_applied: read(&self.never_applied)?,
            constant: read(&self.constant)?,
            collinear: collinear?,
            n_left_out: self.n_left_out,
            n_other_method: self.n_other_method,
        })
    }
}
