//! Groups of sites that are alike in context, worked out once for a snapshot on a thread of their own.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::Alongside;
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::peer_group::{PeerGroups, Peers};
use crate::domain::suggestion::SeenBy;
use crate::engine::peer_groups;
use crate::engine::snapshot::Snapshot;

/// Whose turn it is to work groups out: whoever comes meanwhile waits without holding a thread.
#[derive(Default)]
pub(super) struct Turn(Arc<Mutex<()>>);

impl Alongside {
    /// All groups with their picture.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the work breaks off.
    pub async fn peer_groups(&self) -> Result<PeerGroups> {
        self.grouped(|snapshot| Ok(peer_groups::overview(snapshot)))
            .await
    }

    /// A site's group with at most `limit` others in it.
    ///
    /// # Errors
    ///
    /// Those of [`peer_groups::peers`]; [`Error::Internal`] where the work breaks off.
    pub async fn peers(&self, site: OdsCode, seen_by: SeenBy, limit: usize) -> Result<Peers> {
        let excluded = self.excluded(site, seen_by);
        self.grouped(move |snapshot| peer_groups::peers(snapshot, site, &excluded, limit))
            .await
    }

    async fn grouped<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Snapshot) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.grouping.0).lock_owned().await;
        let snapshot = self.snapshot();
        let work = move || {
            // Kept until the work is done, be it that nobody waits for it any longer.
            let _turn = turn;
            work(&snapshot)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|panic| Error::Internal("working out groups", panic.into()))?
    }
}
