//! The care settings of an organisation and the position of its head office, as it says itself or as others say.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::organisation::{CareSetting, CareSettings, Position};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::{Body, Object};
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::{Faults, own_word};
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NoSuchThing, NotModified,
    RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::care_setting;
use crate::http::problem::Problem;
use crate::http::views::text::{
    CareSettingName, CareSettingNames, Code, OriginName, ProvenanceView,
};
use crate::storage::particulars::{Particular, ParticularFact, Particulars};
use crate::storage::{Touches, particulars};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_particulars", Rule::Anyone)
        .answers(include_str!("examples/show_particulars.json")),
    Operation::new("put_particulars", Rule::Own)
        .takes(
            r#"{"careSettings": ["acute", "community"], "position": {"latitude": 51.76386, "longitude": -1.21977}}"#,
        )
        .answers(include_str!("examples/put_particulars.json")),
    Operation::new("withdraw_particulars", Rule::Own),
];

/// A rough size of the particulars, in bytes.
const PARTICULARS_BYTES: usize = 1024;

/// The site's word on its particulars; what is null or left out is left to others.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StateParticulars)]
pub(crate) struct GivenParticulars {
    /// The care that it gives.
    #[schema(value_type = Option<Vec<CareSettingName>>, min_items = 1, max_items = 5)]
    care_settings: Option<Vec<String>>,
    /// Where its head office is.
    #[schema(value_type = Option<GivenPosition>)]
    position: Option<Object<GivenPosition>>,
    /// The day, month or year of which this speaks, not after today; today by default.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    as_of: Option<String>,
}

/// A point in WGS84 degrees.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Position)]
pub(crate) struct GivenPosition {
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
}

impl GivenParticulars {
    fn check(self, today: NaiveDate) -> Result<Vec<ParticularFact>, Error> {
        let mut faults = Faults::default();
        let provenance = own_word(&mut faults, self.as_of.as_deref(), today);
        let mut values = Vec::new();
        if let Some(names) = self.care_settings {
            let most = CareSetting::ALL.len();
            if names.is_empty() || names.len() > most {
                faults.refuse("/careSettings", format!("has 1 to {most} care settings"));
            }
            let settings: CareSettings = names
                .iter()
                .take(most)
                .enumerate()
                .filter_map(|(i, name)| {
                    faults.keep(format!("/careSettings/{i}"), care_setting(name.trim()))
                })
                .collect();
            values.push(Particular::CareSettings(settings));
        }
        if let Some(Object(given)) = self.position {
            match Position::new(given.latitude, given.longitude) {
                Some(position) => values.push(Particular::Position(position)),
                None => faults.refuse(
                    "/position",
                    "is a latitude from -90 to 90 and a longitude from -180 to 180",
                ),
            }
        }
        if values.is_empty() && faults.0.is_empty() {
            faults.refuse(
                "",
                "says neither careSettings nor a position; DELETE withdraws the word on both",
            );
        }
        faults.finish()?;
        let fact = |value| {
            provenance
                .clone()
                .map(|provenance| ParticularFact { value, provenance })
        };
        Ok(values.into_iter().filter_map(fact).collect())
    }
}

/// What is said of the care settings and the position of an organisation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Particulars)]
pub(crate) struct ParticularsView {
    ods_code: Code,
    /// The care that it gives; null where nothing is recorded.
    #[schema(required)]
    care_settings: Option<SettingsWordView>,
    /// Where its head office is; null where nothing is recorded.
    #[schema(required)]
    position: Option<PositionWordView>,
    displaced: DisplacedParticularsView,
}

/// The words that a stronger one displaced: the last one comes back when the site withdraws its own.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DisplacedParticulars)]
struct DisplacedParticularsView {
    /// On the care settings.
    care_settings: Vec<SettingsWordView>,
    /// On the position.
    position: Vec<PositionWordView>,
}

/// A word on the care settings.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CareSettingsWord)]
struct SettingsWordView {
    value: CareSettingNames,
    /// Whose word it is.
    origin: OriginName,
    /// Since when it does not hold, in UTC; null for the word that holds.
    #[schema(required)]
    displaced_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

/// A word on the position.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PositionWord)]
struct PositionWordView {
    value: GivenPosition,
    /// Whose word it is.
    origin: OriginName,
    /// Since when it does not hold, in UTC; null for the word that holds.
    #[schema(required)]
    displaced_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

/// A word as it is shown.
enum WordView {
    Settings(SettingsWordView),
    Position(PositionWordView),
}

impl WordView {
    fn new(fact: ParticularFact, displaced_at: Option<DateTime<Utc>>) -> Self {
        let origin = OriginName(fact.provenance.voice);
        let provenance = fact.provenance.into();
        match fact.value {
            Particular::CareSettings(settings) => Self::Settings(SettingsWordView {
                value: CareSettingNames(settings),
                origin,
                displaced_at,
                provenance,
            }),
            Particular::Position(position) => Self::Position(PositionWordView {
                value: GivenPosition {
                    latitude: position.latitude(),
                    longitude: position.longitude(),
                },
                origin,
                displaced_at,
                provenance,
            }),
        }
    }
}

impl ParticularsView {
    fn new(code: OdsCode, particulars: Particulars) -> Self {
        let mut view = Self {
            ods_code: Code(code),
            care_settings: None,
            position: None,
            displaced: DisplacedParticularsView::default(),
        };
        let held = [particulars.care_settings, particulars.position];
        for fact in held.into_iter().flatten() {
            match WordView::new(fact, None) {
                WordView::Settings(word) => view.care_settings = Some(word),
                WordView::Position(word) => view.position = Some(word),
            }
        }
        for displaced in particulars.displaced {
            match WordView::new(displaced.fact, Some(displaced.displaced_at)) {
                WordView::Settings(word) => view.displaced.care_settings.push(word),
                WordView::Position(word) => view.displaced.position.push(word),
            }
        }
        view
    }
}

/// Show the particulars
///
/// Shows the care that the organisation gives and where its head office is, whose word holds on each, and the words that a
/// stronger one displaced.
#[utoipa::path(
    tag = "profile",
    params(Seeker),
    responses(
        (status = 200, description = "The particulars.", body = ParticularsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/particulars")]
pub(crate) async fn show_particulars(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let (version, particulars) = alongside
        .storage()
        .read(move |connection| particulars::of(connection, code))
        .await?;
    let view = ParticularsView::new(code, particulars);
    answer::versioned(&request, &view, version, PARTICULARS_BYTES)
}

/// State the particulars
///
/// Puts the site's own word in the place of all that it said of its care settings and its position: what it leaves out is
/// withdrawn. What others said stays beneath it.
#[utoipa::path(
    tag = "profile",
    params(Seeker, IfMatch),
    request_body = GivenParticulars,
    responses(
        (status = 200, description = "The particulars as they are recorded now.", body = ParticularsView),
        ApiFailures, BodyFailures, RuleBroken, ConditionFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/particulars")]
pub(crate) async fn put_particulars(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenParticulars>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let said = body.0.check(at.date_naive())?;
    let change = changing.change("state_particulars", Touches::Scoring);
    let (version, particulars) = alongside
        .write_outcome(change, move |connection| {
            let outcome = particulars::change(connection, code, &said, &expected.0, at)?;
            Ok(outcome.with(particulars::of(connection, code)?))
        })
        .await?;
    let view = ParticularsView::new(code, particulars);
    answer::versioned(&request, &view, version, PARTICULARS_BYTES)
}

/// Withdraw the word on the particulars
///
/// Withdraws the site's own word on its care settings and its position; the strongest words of others that stand come back.
#[utoipa::path(
    tag = "profile",
    params(Seeker, IfMatch),
    responses(
        (status = 204, description = "The word is withdrawn."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/particulars")]
pub(crate) async fn withdraw_particulars(
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let change = changing.change("withdraw_particulars", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            particulars::withdraw(connection, code, &expected.0, at)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
