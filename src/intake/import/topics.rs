//! Tables of what organisations seek and show.

use std::collections::HashMap;

use crate::domain::import::{ImportKind, Placed, Remark, Said};
use crate::domain::profile::{TopicInterest, TopicStage};
use crate::intake::import::cells;

/// Reads the table.
pub(super) fn read(bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    let mut seen = HashMap::new();
    cells::each(ImportKind::Topics, bytes, said, &mut |row, said| {
        let (code, topic) = (row.code("ods_code"), row.parse("topic"));
        let (need, stage, live_since) = (
            row.parse("need"),
            row.parse::<TopicStage>("stage"),
            row.date("live_since"),
        );
        let provenance = row.provenance("source");
        let topic = row.needed("topic", topic);
        let value = TopicInterest {
            ods_code: code?,
            topic: topic?,
            need: need?,
            stage: stage?,
            live_since: live_since?,
            provenance: provenance?,
        };
        if value.need.is_none() && value.stage.is_none() {
            return Err(row.refuse(
                "need",
                "the row says neither what is sought nor what can be shown",
            ));
        }
        if value.live_since.is_some()
            && !matches!(value.stage, Some(TopicStage::Live | TopicStage::Blueprint))
        {
            return Err(row.refuse(
                "live_since",
                "only what is live has a date since when it is",
            ));
        }
        if let Some(earlier) = seen.insert((value.ods_code, value.topic.clone()), row.number) {
            return Err(row.refuse(
                "topic",
                format_args!("the topic of this organisation stands in row {earlier} too"),
            ));
        }
        said.topics.push(Placed {
            row: row.number,
            value,
        });
        Ok(())
    })
}
