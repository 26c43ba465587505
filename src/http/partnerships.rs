//! Partnerships: what two sites agreed to. They are opened by accepting an approach, and by nothing else.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::app::partnerships::{self as agreed, Purpose};
use crate::domain::caller::Role;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::partnership::{EndReason, MAX_GOALS_CHARS, MAX_TOPICS, Partnership};
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchThing, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination;
use crate::http::partnership_parameters::PartnershipParameters;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::partnerships::{Around, PartnershipPageView, PartnershipView};
use crate::http::views::text::TopicText;
use crate::storage::{Connection, Outcome, Touches, partnership_pages, partnerships};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_partnerships", Rule::Site)
        .answers(include_str!("examples/list_partnerships.json")),
    Operation::new("show_partnership", Rule::Site)
        .answers(include_str!("examples/show_partnership.json")),
    Operation::new("change_partnership", Rule::Site)
        .takes(
            r#"{"goals": "Electronic prescribing live on every ward by the spring.", "youLearn": ["hepma"], "youGive": ["order_comms"]}"#,
        )
        .answers(include_str!("examples/change_partnership.json")),
    Operation::new("end_partnership", Rule::Site)
        .takes(r#"{"reason": "goals_met"}"#)
        .answers(include_str!("examples/end_partnership.json")),
];

/// A rough size of one partnership, in bytes.
const PARTNERSHIP_BYTES: usize = 1500;

/// The site that calls. The rule of the operation has seen to it that it is one.
pub(crate) fn side(role: Role) -> Result<OdsCode> {
    role.site()
        .ok_or(Error::Forbidden("this is for sites alone"))
}

/// Reads slugs: sorted, each once, at most so many as one direction has.
pub(crate) fn slugs(faults: &mut Faults, pointer: &str, given: &[String]) -> Vec<Slug> {
    if given.len() > MAX_TOPICS {
        faults.refuse(pointer, format!("has at most {MAX_TOPICS} topics"));
        return Vec::new();
    }
    let read = |(place, text): (usize, &String)| {
        faults.read::<Slug>(&format!("{pointer}/{place}"), Some(text))
    };
    let mut slugs: Vec<Slug> = given.iter().enumerate().filter_map(read).collect();
    slugs.sort_unstable();
    slugs.dedup();
    slugs
}

/// Reads text that may have lines: trimmed, at most `max` characters, none of them another control character. `None` where there
/// is none.
pub(crate) fn prose(
    faults: &mut Faults,
    pointer: &str,
    given: Option<String>,
    max: usize,
) -> Option<String> {
    let text = given?.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() {
        faults.refuse(pointer, "is empty");
    } else if text.chars().count() > max {
        faults.refuse(pointer, format!("has at most {max} characters"));
    } else if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
    {
        faults.refuse(
            pointer,
            "has no control characters but line breaks and tabs",
        );
    } else {
        return Some(text.to_owned());
    }
    None
}

/// List partnerships
///
/// Lists the caller's own partnerships, a page at a time, the newest first.
#[utoipa::path(
    tag = "partnerships",
    params(PartnershipParameters),
    responses(
        (status = 200, description = "A page of partnerships.", body = PartnershipPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/partnerships")]
pub(crate) async fn list_partnerships(
    request: HttpRequest,
    parameters: Params<PartnershipParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let PartnershipParameters { query, page } = parameters.0;
    let here = side(asker.0.role)?;
    let (limit, before) = (page.limit, page.after);
    let (found, has_more, around) = alongside
        .storage()
        .read(move |connection| {
            let (found, has_more) =
                partnership_pages::page(connection, here, query, before, limit)?;
            let around = Around::load(connection, &found)?;
            Ok((found, has_more, around))
        })
        .await?;
    let last = found.last().filter(|_| has_more);
    let links = page.links(&request, last.map(|partnership| partnership.sequence));
    let header = links.header();
    let items: Vec<PartnershipView> = found
        .into_iter()
        .map(|partnership| around.view(partnership, here))
        .collect();
    let capacity = PARTNERSHIP_BYTES * (items.len() + 1);
    pagination::answer(&PartnershipPageView { items, links }, &header, capacity)
}

/// Show a partnership
///
/// Shows one of the caller's partnerships, with the last check-in of each side.
#[utoipa::path(
    tag = "partnerships",
    params(Id),
    responses(
        (status = 200, description = "The partnership.", body = PartnershipView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/partnerships/{id}")]
pub(crate) async fn show_partnership(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = side(asker.0.role)?;
    let found = alongside
        .storage()
        .read(move |connection| {
            let partnership = partnerships::find_for(connection, here, &id.0)?;
            with_around(connection, partnership)
        })
        .await?;
    shown(&request, found, here)
}

fn with_around(
    connection: &mut Connection,
    partnership: Partnership,
) -> Result<(Partnership, Around)> {
    let around = Around::load(connection, std::slice::from_ref(&partnership))?;
    Ok((partnership, around))
}

fn shown(
    request: &HttpRequest,
    (partnership, around): (Partnership, Around),
    here: OdsCode,
) -> std::result::Result<HttpResponse, Problem> {
    let version = partnership.version;
    let view = around.view(partnership, here);
    answer::versioned(request, &view, version, PARTNERSHIP_BYTES)
}

/// What a partnership is for, from the caller's side.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChangePartnership)]
pub(crate) struct GivenPurpose {
    /// In words, for the two sides alone; null where there are none.
    #[schema(max_length = 4000)]
    goals: Option<String>,
    /// The slugs of what the caller would learn.
    #[schema(max_items = 20, value_type = Vec<TopicText>)]
    you_learn: Vec<String>,
    /// The slugs of what the caller gives.
    #[schema(max_items = 20, value_type = Vec<TopicText>)]
    you_give: Vec<String>,
}

impl GivenPurpose {
    fn check(self) -> Result<Purpose> {
        let mut faults = Faults::default();
        let purpose = Purpose {
            goals: prose(&mut faults, "/goals", self.goals, MAX_GOALS_CHARS),
            learn: slugs(&mut faults, "/youLearn", &self.you_learn),
            give: slugs(&mut faults, "/youGive", &self.you_give),
        };
        faults.finish()?;
        Ok(purpose)
    }
}

/// Change a partnership
///
/// Puts down what a partnership is for: its goals, and the topics each way as the caller sees them. Either side may; the other is
/// told. Its dates change by a renewal, to which both agree.
#[utoipa::path(
    tag = "partnerships",
    params(Id, IfMatch),
    request_body = GivenPurpose,
    responses(
        (status = 200, description = "The partnership.", body = PartnershipView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[put("/partnerships/{id}")]
pub(crate) async fn change_partnership(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenPurpose>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (side(changing.caller.role)?, changing.at);
    let purpose = body.0.check()?;
    let change = changing.change("change_partnership", Touches::Scoring);
    let found = alongside
        .write_outcome(change, move |connection| {
            let changed = agreed::change(connection, (here, &id.0), purpose, &expected.0, at)?;
            let is_changed = matches!(changed, Outcome::Changed(_));
            let found = with_around(connection, changed.into_inner())?;
            Ok(if is_changed {
                Outcome::Changed(found)
            } else {
                Outcome::Unchanged(found)
            })
        })
        .await?;
    shown(&request, found, here)
}

/// Why a partnership ends.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EndPartnership)]
pub(crate) struct GivenEnd {
    /// The reason: `goals_met`, `planned_end`, `no_longer_useful`, `no_capacity` or `other`, which it is unless told otherwise. The
    /// other side and programme admins see it.
    #[schema(
        max_length = 20,
        pattern = "^(goals_met|planned_end|no_longer_useful|no_capacity|other)$"
    )]
    reason: Option<String>,
}

impl GivenEnd {
    fn check(self) -> Result<EndReason> {
        let Some(given) = self.reason else {
            return Ok(EndReason::Other);
        };
        let reason = given.trim().parse().ok();
        reason
            .filter(|reason| EndReason::OF_A_SITE.contains(reason))
            .ok_or_else(|| {
                let known = EndReason::OF_A_SITE.map(EndReason::as_str).join(", ");
                Error::invalid("/reason", format!("is one of {known}"))
            })
    }
}

/// End a partnership
///
/// Ends one of the caller's partnerships, today. Either side may; the other is told. It stays among the prior relationships of the
/// two, and fades with the years.
#[utoipa::path(
    tag = "partnerships",
    params(Id, IfMatch),
    request_body = GivenEnd,
    responses(
        (status = 200, description = "The partnership.", body = PartnershipView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/partnerships/{id}/end")]
pub(crate) async fn end_partnership(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenEnd>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (side(changing.caller.role)?, changing.at);
    let reason = body.0.check()?;
    let change = changing.change("end_partnership", Touches::Scoring);
    let (found, _) = alongside
        .write(change, move |connection| {
            let ended = agreed::end_for(connection, (here, &id.0), reason, &expected.0, at)?;
            with_around(connection, ended)
        })
        .await?;
    shown(&request, found, here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_has_lines_and_no_other_control_characters() {
        let read = |text: &str| {
            let mut faults = Faults::default();
            let read = prose(&mut faults, "/goals", Some(text.to_owned()), 10);
            assert_eq!(read.is_none(), faults.finish().is_err(), "{text:?}");
            read
        };
        assert_eq!(read(" a\r\n\tb "), Some("a\n\tb".to_owned()));
        for bad in ["", " \n ", "a\u{0}b", "a\u{85}b", &"x".repeat(11)] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn slugs_are_sorted_and_each_once() {
        let read = |given: &[&str]| {
            let mut faults = Faults::default();
            let given: Vec<String> = given.iter().map(|&text| text.to_owned()).collect();
            let read = slugs(&mut faults, "/learned", &given);
            faults
                .finish()
                .map(|()| read.iter().map(Slug::to_string).collect::<Vec<_>>())
        };
        assert_eq!(read(&["b", "a", "b"]).unwrap(), ["a", "b"]);
        assert!(read(&["a", "B C"]).is_err());
        assert!(read(&["a"; 21]).is_err());
    }
}
