//! Answers kept for whoever asks the same again.
//!
//! The same request on the same snapshot gives the same bytes, `generatedAt` aside, so an answer is kept as bytes and given
//! again with its time made new. Kept are the answers to the plain question (no weights of the request's own, no filter), which
//! many ask alike; a request with weights or filters of its own is worked out each time.

use actix_web::web::Bytes;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::app::Basis;
use crate::domain::firmness::FirmnessRequest;
use crate::domain::ids::OdsCode;
use crate::domain::suggestion::{Filters, Limit, SeenBy, SuggestionRequest};

/// How many bytes are kept at most: two hundred answers of ten suggestions each.
const MAX_BYTES: u64 = 8 << 20;
/// About how many answers that is; only a hint for the tables.
const N_EXPECTED: usize = 256;
/// What comes before the time in an answer.
const BEFORE_TIME: &[u8] = br#""generatedAt":""#;

/// Everything that an answer to the plain question depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PlainQuestion {
    basis: Basis,
    seeker: OdsCode,
    seen_by: SeenBy,
    limit: Limit,
    as_of: NaiveDate,
    firmness: FirmnessRequest,
    spread_load: Option<bool>,
}

impl PlainQuestion {
    /// The plain question that a request asks, to be answered from what there is; `None` where it has weights or filters of
    /// its own. A change of the seeker's own exclusions makes it another question; everybody else's stay what they were.
    pub(crate) fn of(request: &SuggestionRequest, basis: Basis) -> Option<Self> {
        (request.weights.is_none() && request.filters == Filters::default()).then_some(Self {
            basis,
            seeker: request.seeker,
            seen_by: request.seen_by,
            limit: request.limit,
            as_of: request.as_of,
            firmness: request.firmness,
            spread_load: request.spread_load,
        })
    }
}

/// An answer in two parts, between which its time stands.
#[derive(Clone)]
struct Kept {
    body: Bytes,
    time_starts: usize,
    time_ends: usize,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<PlainQuestion, Kept> for ByBytes {
    fn weight(&self, _question: &PlainQuestion, kept: &Kept) -> u64 {
        kept.body.len() as u64
    }
}

/// The answers that are kept, the least asked for given up first.
pub(crate) struct KeptAnswers(Cache<PlainQuestion, Kept, ByBytes>);

impl KeptAnswers {
    pub(crate) fn new() -> Self {
        Self(Cache::with_weighter(N_EXPECTED, MAX_BYTES, ByBytes))
    }

    /// The answer to a question as of now, if it is kept.
    pub(crate) fn get(&self, question: &PlainQuestion, now: DateTime<Utc>) -> Option<Vec<u8>> {
        let kept = self.0.get(question)?;
        let mut body = Vec::with_capacity(kept.body.len());
        body.extend_from_slice(&kept.body[..kept.time_starts]);
        body.extend_from_slice(now.to_rfc3339_opts(SecondsFormat::Secs, true).as_bytes());
        body.extend_from_slice(&kept.body[kept.time_ends..]);
        Some(body)
    }

    /// Keeps an answer. One without a time in it is not one of ours, and is not kept.
    pub(crate) fn keep(&self, question: PlainQuestion, body: &[u8]) {
        let starts = body
            .windows(BEFORE_TIME.len())
            .position(|part| part == BEFORE_TIME);
        if let Some(starts) = starts.map(|at| at + BEFORE_TIME.len())
            && let Some(length) = body[starts..].iter().position(|&byte| byte == b'"')
        {
            let kept = Kept {
                body: Bytes::copy_from_slice(body),
                time_starts: starts,
                time_ends: starts + length,
            };
            self.0.insert(question, kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Edition;
    use crate::domain::exclusion::Excluded;
    use crate::domain::firmness::Draws;

    fn of_edition(number: u64) -> Basis {
        Basis {
            edition: Edition::of(number),
            excluded: Excluded::default(),
        }
    }

    fn question(limit: i64, edition: u64) -> PlainQuestion {
        let request = SuggestionRequest {
            seeker: OdsCode::new("RTH").unwrap(),
            seen_by: SeenBy::Site,
            weights: None,
            filters: Filters::default(),
            limit: Limit::new(limit).unwrap(),
            as_of: "2026-11-22".parse().unwrap(),
            firmness: FirmnessRequest::of(Draws::DEFAULT),
            spread_load: None,
        };
        PlainQuestion::of(&request, of_edition(edition)).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_kept_answer_differs_in_its_time_alone() {
        let kept = KeptAnswers::new();
        kept.keep(
            question(1, 1),
            br#"{"a":1,"generatedAt":"2026-11-22T09:00:00Z","b":"generatedAt"}"#,
        );
        let again = kept
            .get(&question(1, 1), at("2027-01-02T03:04:05.678Z"))
            .unwrap();
        assert_eq!(
            again,
            br#"{"a":1,"generatedAt":"2027-01-02T03:04:05Z","b":"generatedAt"}"#
        );
    }

    #[test]
    fn another_snapshot_or_limit_is_another_question() {
        let kept = KeptAnswers::new();
        kept.keep(question(1, 1), br#"{"generatedAt":"x"}"#);
        assert!(
            kept.get(&question(1, 2), at("2027-01-02T03:04:05Z"))
                .is_none()
        );
        assert!(
            kept.get(&question(2, 1), at("2027-01-02T03:04:05Z"))
                .is_none()
        );
    }

    #[test]
    fn whom_the_seeker_excludes_is_part_of_the_question() {
        let mut other = question(1, 1);
        other.basis.excluded = [OdsCode::new("RHW").unwrap()].into_iter().collect();
        let kept = KeptAnswers::new();
        kept.keep(question(1, 1), br#"{"generatedAt":"x"}"#);
        assert!(kept.get(&other, at("2027-01-02T03:04:05Z")).is_none());
        assert!(
            kept.get(&question(1, 1), at("2027-01-02T03:04:05Z"))
                .is_some()
        );
    }

    #[test]
    fn a_request_with_weights_or_filters_of_its_own_is_not_plain() {
        let plain = SuggestionRequest {
            seeker: OdsCode::new("RTH").unwrap(),
            seen_by: SeenBy::Site,
            weights: None,
            filters: Filters::default(),
            limit: Limit::DEFAULT,
            as_of: "2026-11-22".parse().unwrap(),
            firmness: FirmnessRequest::of(Draws::DEFAULT),
            spread_load: None,
        };
        let filters = Filters {
            vendor: Some("Epic".into()),
            ..Filters::default()
        };
        assert!(
            PlainQuestion::of(
                &SuggestionRequest {
                    filters,
                    ..plain.clone()
                },
                of_edition(1)
            )
            .is_none()
        );
        let weights = Some(crate::domain::programme::Weights::EQUAL);
        assert!(
            PlainQuestion::of(&SuggestionRequest { weights, ..plain }, of_edition(1)).is_none()
        );
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let kept = KeptAnswers::new();
        let mut large = br#"{"generatedAt":"x","rest":""#.to_vec();
        large.resize(1 << 20, b'.');
        for edition in 0..64 {
            kept.keep(question(1, edition), &large);
        }
        assert!(kept.0.weight() <= MAX_BYTES);
    }
}
