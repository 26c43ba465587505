//! What a site gives to the others and what it has of them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::balance::{Balance, Exchange, TopicCount};
use crate::domain::ids::OdsCode;
use crate::http::views::text::{Code, TopicText};

/// How many partnerships.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartnershipCount)]
struct PartnershipCountView {
    /// That last.
    #[schema(minimum = 0)]
    active: usize,
    /// That ended.
    #[schema(minimum = 0)]
    ended: usize,
}

/// How many check-ins in its partnerships.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckInCount)]
struct CheckInCountView {
    /// Its own.
    #[schema(minimum = 0)]
    made: usize,
    /// The other sides'.
    #[schema(minimum = 0)]
    received: usize,
}

/// How many topics, each counted once for a partnership.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopicCount)]
struct TopicCountView {
    /// As the two agreed.
    #[schema(minimum = 0)]
    agreed: usize,
    /// As one of the two says in a check-in that it gave or learned; once, however often it is said.
    #[schema(minimum = 0)]
    reported: usize,
}

impl From<TopicCount> for TopicCountView {
    fn from(count: TopicCount) -> Self {
        Self {
            agreed: count.agreed,
            reported: count.reported,
        }
    }
}

/// What went both ways.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Exchange)]
struct ExchangeView {
    /// From the organisation to others.
    given: TopicCountView,
    /// From others to it.
    received: TopicCountView,
}

impl From<Exchange> for ExchangeView {
    fn from(exchange: Exchange) -> Self {
        Self {
            given: exchange.given.into(),
            received: exchange.received.into(),
        }
    }
}

/// What went both ways on one topic.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopicExchange)]
struct TopicExchangeView {
    topic: TopicText,
    #[serde(flatten)]
    exchange: ExchangeView,
}

/// What an organisation gives to the others and what it has of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Balance)]
pub(crate) struct BalanceView {
    ods_code: Code,
    partnerships: PartnershipCountView,
    /// How many conversations were agreed to.
    #[schema(minimum = 0)]
    conversations: usize,
    check_ins: CheckInCountView,
    /// All topics together.
    topics: ExchangeView,
    /// Each topic, by slug.
    #[schema(max_items = 500)]
    by_topic: Vec<TopicExchangeView>,
}

impl BalanceView {
    pub(crate) fn new(code: OdsCode, balance: Balance) -> Self {
        Self {
            ods_code: Code(code),
            partnerships: PartnershipCountView {
                active: balance.n_active,
                ended: balance.n_ended,
            },
            conversations: balance.n_conversations,
            check_ins: CheckInCountView {
                made: balance.n_check_ins_made,
                received: balance.n_check_ins_received,
            },
            topics: balance.total.into(),
            by_topic: balance
                .topics
                .into_iter()
                .map(|(topic, exchange)| TopicExchangeView {
                    topic: TopicText(topic),
                    exchange: exchange.into(),
                })
                .collect(),
        }
    }
}
