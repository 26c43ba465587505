//! Reads the file: everything is checked before anything is worked out of it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    CandidateForm, FORMAT, FirmnessForm, IntervalForm, MethodForm, NamedForm, PlaceForm,
    WorkingsView,
};
use crate::domain::firmness::{Draws, Firmness, FirmnessRequest};
use crate::domain::ids::{OdsCode, Revision, Slug};
use crate::domain::interval::Interval;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{METHOD_VERSION, Method, NamedOrganisation, WeightsFrom};
use crate::domain::workings::{Candidate, Inputs, MAX_CANDIDATES, Place, Workings};
use crate::http::suggestion_parameters::MAX_SEED;

/// How far weights may be from adding up to 1.
const ROUNDING: f64 = 1e-9;

impl IntervalForm {
    fn read(self, what: &str) -> Result<Interval, String> {
        let Self {
            low,
            expected,
            high,
        } = self;
        if 0.0 <= low && low <= expected && expected <= high && high <= 1.0 {
            Ok(Interval::new(low, expected, high))
        } else {
            Err(format!("{what} is not 0 <= low <= expected <= high <= 1"))
        }
    }
}

impl FirmnessForm {
    fn read(self) -> Result<Firmness, String> {
        let Self { first, top_three } = self;
        if 0.0 <= first && first <= top_three && top_three <= 1.0 {
            Ok(Firmness { first, top_three })
        } else {
            Err("firmness is not 0 <= first <= topThree <= 1".to_owned())
        }
    }
}

impl NamedForm {
    fn read(self) -> Result<NamedOrganisation, String> {
        let ods_code = code(&self.ods_code)?;
        if self.name.chars().any(char::is_control) {
            return Err(format!("the name of {ods_code} has a control character"));
        }
        Ok(NamedOrganisation {
            ods_code,
            name: self.name,
        })
    }
}

fn code(text: &str) -> Result<OdsCode, String> {
    match OdsCode::new(text) {
        Ok(code) if code.as_str() == text => Ok(code),
        Ok(_) | Err(_) => Err(format!(
            "{:?} is no ODS code",
            text.chars().take(20).collect::<String>()
        )),
    }
}

impl MethodForm {
    fn read(self) -> Result<(Method, [f64; Criterion::COUNT]), String> {
        if self.version != METHOD_VERSION {
            let version: String = self.version.chars().take(20).collect();
            return Err(format!(
                "it was made with method {version:?}; this program works with method {METHOD_VERSION}"
            ));
        }
        let weights = self.weights.into_array();
        let is_share = |w: &f64| (0.0..=1.0 + ROUNDING).contains(w);
        if !weights.iter().all(is_share) || (weights.iter().sum::<f64>() - 1.0).abs() > ROUNDING {
            return Err("the weights are not shares that add up to 1".to_owned());
        }
        let draws = Draws::new(self.draws.into()).map_err(|fault| fault.to_string())?;
        if self.seed > MAX_SEED {
            return Err(format!("the seed is above {MAX_SEED}"));
        }
        let method = Method {
            programme: Slug::new(&self.programme)
                .map_err(|fault| format!("the programme: {fault}"))?,
            weights_from: self
                .weights_from
                .parse::<WeightsFrom>()
                .map_err(|_unknown| "weightsFrom is not saved, programme or request".to_owned())?,
            weights: Criterion::ALL.iter().copied().zip(weights).collect(),
            firmness: FirmnessRequest {
                seed: self.seed,
                ..FirmnessRequest::of(draws)
            },
            spread_load: self.spread_load,
        };
        Ok((method, weights))
    }
}

impl CandidateForm {
    fn read(self) -> Result<Candidate, String> {
        let organisation = NamedForm {
            ods_code: self.ods_code,
            name: self.name,
        }
        .read()?;
        let here = organisation.ods_code;
        let mut scores = [None; Criterion::COUNT];
        for ((score, form), criterion) in scores
            .iter_mut()
            .zip(self.scores.into_array())
            .zip(Criterion::ALL)
        {
            *score = form
                .map(|form| form.read(&format!("{criterion} of {here}")))
                .transpose()?;
        }
        if !(self.load_price.is_finite() && self.load_price >= 0.0) {
            return Err(format!("loadPrice of {here} is not 0 or more"));
        }
        Ok(Candidate {
            their_fit: self.their_fit.read(&format!("theirFit of {here}"))?,
            load_price: self.load_price,
            organisation,
            scores,
        })
    }
}

impl PlaceForm {
    fn read(self) -> Result<(Place, Option<Firmness>), String> {
        let ods_code = code(&self.ods_code)?;
        let about = |fault: String| format!("{fault} (answered, {ods_code})");
        let place = Place {
            ods_code,
            your_fit: self.your_fit.read("yourFit").map_err(about)?,
            mutual_fit: self.mutual_fit.read("mutualFit").map_err(about)?,
            firmness: self
                .firmness
                .map(FirmnessForm::read)
                .transpose()
                .map_err(about)?,
        };
        let shown = self
            .firmness_shown
            .map(FirmnessForm::read)
            .transpose()
            .map_err(about)?;
        Ok((place, shown))
    }
}

/// Only the form, to tell another file from a broken one.
#[derive(Deserialize)]
struct Head {
    format: String,
}

/// Reads the file.
pub(crate) fn read(text: &str) -> Result<Workings, String> {
    let head: Head = serde_json::from_str(text)
        .map_err(|fault| format!("it is no file of workings: {fault}"))?;
    if head.format != FORMAT {
        let format: String = head.format.chars().take(40).collect();
        return Err(format!("its format is {format:?}, not {FORMAT:?}"));
    }
    let file: WorkingsView = serde_json::from_str(text).map_err(|fault| fault.to_string())?;
    if file.candidates.len() > MAX_CANDIDATES {
        return Err(format!("it has more than {MAX_CANDIDATES} candidates"));
    }
    let (method, weights) = file.method.read()?;
    let candidates: Vec<Candidate> = file
        .candidates
        .into_iter()
        .map(CandidateForm::read)
        .collect::<Result<_, _>>()?;
    let codes = || {
        candidates
            .iter()
            .map(|candidate| candidate.organisation.ods_code)
    };
    if !codes().zip(codes().skip(1)).all(|(one, next)| one < next) {
        return Err("the candidates are not by ODS code, each once".to_owned());
    }
    let applies = |candidate: &Candidate| candidate.scores.map(|score| score.is_some());
    if !candidates
        .windows(2)
        .all(|pair| applies(&pair[0]) == applies(&pair[1]))
    {
        return Err("a criterion applies to one candidate and not to another".to_owned());
    }
    let (answered, shown): (Vec<Place>, Vec<Option<Firmness>>) = file
        .answered
        .into_iter()
        .map(PlaceForm::read)
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .unzip();
    let answered_codes: BTreeSet<OdsCode> = answered.iter().map(|place| place.ods_code).collect();
    if answered.len() != candidates.len() || !answered_codes.iter().copied().eq(codes()) {
        return Err("what was answered is not of the candidates, each once".to_owned());
    }
    Ok(Workings {
        seeker: file.seeker.read()?,
        revision: Revision(file.revision),
        as_of: file.as_of,
        inputs: Inputs {
            weights,
            firmness: method.firmness,
            candidates,
        },
        method,
        answered,
        shown,
    })
}
