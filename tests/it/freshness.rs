//! That what is kept in memory follows the database, whatever happens meanwhile.

use std::sync::Arc;
use std::time::Duration;

use alongside::app::{Alongside, BundledData};
use alongside::domain::error::Result;
use alongside::domain::exclusion::Exclusion;
use alongside::domain::firmness::{Draws, FirmnessRequest};
use alongside::domain::ids::{OdsCode, Revision};
use alongside::domain::programme::{Criterion, Weights};
use alongside::domain::suggestion::{Filters, Limit, SeenBy, SuggestionRequest};
use alongside::domain::version::{Expected, Version};
use alongside::storage::{Change, Connection, Touches, exclusions, programmes};

use crate::support::database::{TestDatabase, a_change};
use crate::support::service::now;

fn change(touches: Touches) -> Change {
    Change {
        touches,
        ..a_change()
    }
}

/// A service over the bundled data, and its database.
struct Service {
    alongside: Alongside,
    database: TestDatabase,
}

fn service() -> Service {
    let database = TestDatabase::sqlite();
    let alongside = Alongside::open(database.open(), BundledData::Load, now()).unwrap();
    Service {
        alongside,
        database,
    }
}

fn request() -> SuggestionRequest {
    SuggestionRequest {
        seeker: OdsCode::new("RTH").unwrap(),
        seen_by: SeenBy::Site,
        weights: None,
        filters: Filters::default(),
        limit: Limit::DEFAULT,
        as_of: "2026-11-22".parse().unwrap(),
        firmness: FirmnessRequest::of(Draws::NONE),
        spread_load: None,
    }
}

impl Service {
    /// Changes the programme's weight of core systems.
    async fn weigh(&self, core_system: f64) -> Revision {
        let work = weigh(core_system);
        let written = self.alongside.write(change(Touches::Scoring), work).await;
        written.unwrap().1
    }

    /// What the next suggestions make of that weight: its ratio to that of geography.
    fn weight(&self) -> f64 {
        let weights = self.alongside.suggest(&request()).unwrap().method.weights;
        let of = |criterion| weights.iter().find(|(c, _)| *c == criterion).unwrap().1;
        of(Criterion::CoreSystem) / of(Criterion::Geography)
    }

    fn is_weighed(&self, core_system: f64) -> bool {
        (self.weight() - core_system).abs() < 1e-9
    }
}

fn weigh(core_system: f64) -> impl FnOnce(&mut Connection) -> Result<()> + Send + 'static {
    move |connection| {
        let mut programme = programmes::default(connection)?;
        programme.weights = Weights::new([core_system, 1.0, 1.0, 1.0, 1.0, 1.0]).unwrap();
        programmes::set_default(connection, &programme)
    }
}

#[actix_web::test]
async fn a_change_is_in_the_next_answer_and_one_that_touches_nothing_reads_nothing() {
    let service = service();
    let before = service.alongside.edition();
    let revision = service.weigh(3.0).await;
    assert!(service.is_weighed(3.0));
    assert_eq!(service.alongside.revision(), revision);
    let after = service.alongside.edition();
    assert!(after > before);
    let unread = service
        .alongside
        .write(change(Touches::Nothing), |_| Ok(()))
        .await;
    assert!(unread.is_ok());
    assert_eq!(service.alongside.edition(), after);
}

#[actix_web::test]
async fn of_many_who_write_at_once_each_finds_its_change_in_memory() {
    let service = Arc::new(service());
    let writers: Vec<_> = (1..=12_u8)
        .map(|n| {
            let service = Arc::clone(&service);
            actix_web::rt::spawn(async move {
                let revision = service.weigh(f64::from(n)).await;
                assert!(service.alongside.revision() >= revision);
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let stored = service.database.open();
    let stored = stored.read_blocking(programmes::default).unwrap();
    assert!(service.is_weighed(stored.weights.of(Criterion::CoreSystem)));
}

#[actix_web::test]
async fn a_change_whose_client_went_away_is_in_memory_all_the_same() {
    let service = service();
    let before = service.alongside.edition();
    let write = service
        .alongside
        .write(change(Touches::Scoring), weigh(5.0));
    // The client goes before the write could come to its end.
    assert!(
        tokio::time::timeout(Duration::ZERO, write).await.is_err(),
        "the write was waited for"
    );
    // Whoever writes next waits for its turn behind it.
    let later = service
        .alongside
        .write(change(Touches::Scoring), |_| Ok(()))
        .await;
    assert!(later.is_ok() && service.alongside.edition() > before);
    assert!(service.is_weighed(5.0));
}

#[actix_web::test]
async fn what_another_replica_changed_is_read_by_a_refresh() {
    let service = service();
    let other = service.database.open();
    other
        .write_blocking(&change(Touches::Scoring), weigh(4.0))
        .unwrap();
    service.alongside.refresh().await.unwrap();
    assert!(service.is_weighed(4.0));
    let edition = service.alongside.edition();
    service.alongside.refresh().await.unwrap();
    assert_eq!(service.alongside.edition(), edition);
}

#[actix_web::test]
async fn after_a_backup_is_restored_the_same_revision_with_other_data_is_another_edition() {
    let service = service();
    let first = service.weigh(2.0).await;
    let edition = service.alongside.edition();
    // The database goes back to before the last two writes, by its numbers, and other data comes under the same number.
    let earlier = first.0 - 1;
    let back = format!("UPDATE revision SET number = {earlier}, scoring = {earlier}");
    service.database.execute(&back);
    let again = service.weigh(9.0).await;
    assert_eq!(again, first);
    let (after, basis) = service.alongside.suggest_with_basis(&request()).unwrap();
    assert_eq!((after.revision, service.is_weighed(9.0)), (first, true));
    assert!(basis.edition > edition);
}

#[actix_web::test]
async fn a_write_after_a_backup_is_restored_is_in_the_next_answer() {
    let service = service();
    for weight in [2.0, 3.0, 4.0] {
        service.weigh(weight).await;
    }
    service
        .database
        .execute("UPDATE revision SET number = 1, scoring = 1");
    let revision = service.weigh(7.0).await;
    assert_eq!(revision, Revision(2));
    assert!(service.is_weighed(7.0));
}

#[actix_web::test]
async fn a_refresh_that_fails_midway_leaves_what_is_held_and_the_next_one_reads_it() {
    let service = service();
    let edition = service.alongside.edition();
    let other = service.database.open();
    other
        .write_blocking(&change(Touches::Scoring), weigh(4.0))
        .unwrap();
    service
        .database
        .execute("ALTER TABLE topics RENAME TO topics_away");
    assert!(service.alongside.refresh().await.is_err());
    assert!(service.alongside.edition() == edition && service.is_weighed(1.0));
    service
        .database
        .execute("ALTER TABLE topics_away RENAME TO topics");
    service.alongside.refresh().await.unwrap();
    assert!(service.is_weighed(4.0));
}

/// Excludes an organisation for RTH.
fn exclude(excluded: &'static str) -> impl FnOnce(&mut Connection) -> Result<()> + Send {
    let code = |text| OdsCode::new(text).unwrap();
    move |connection| {
        let exclusion = Exclusion {
            ods_code: code("RTH"),
            excluded: code(excluded),
            reason: None,
            created_at: now(),
            version: Version(0),
        };
        exclusions::put(connection, exclusion, &Expected::Any).map(|_| ())
    }
}

#[actix_web::test]
async fn an_exclusion_is_in_the_next_answer_and_moves_nothing_else() {
    let service = service();
    let (before, basis) = service.alongside.suggest_with_basis(&request()).unwrap();
    let first = before.suggestions[0].organisation.ods_code;
    assert_eq!(first.as_str(), "RHW");
    let change = change(Touches::Choices);
    service
        .alongside
        .write(change, exclude("RHW"))
        .await
        .unwrap();
    let (after, later) = service.alongside.suggest_with_basis(&request()).unwrap();
    assert_eq!(after.n_candidates, before.n_candidates - 1);
    assert_eq!(
        after.suggestions[0].organisation,
        before.suggestions[1].organisation
    );
    // Neither the revision nor the snapshot is another; whom the site excludes is.
    assert_eq!(
        (after.revision, later.edition),
        (before.revision, basis.edition)
    );
    assert_ne!(later, basis);
    let others = SuggestionRequest {
        seen_by: SeenBy::Others,
        ..request()
    };
    assert_eq!(
        service.alongside.suggest(&others).unwrap().n_candidates,
        before.n_candidates
    );
}

#[actix_web::test]
async fn what_another_replica_excludes_is_read_with_the_next_refresh() {
    let service = service();
    let storage = service.database.open();
    let before = service.alongside.suggest(&request()).unwrap().n_candidates;
    storage
        .write_blocking(&change(Touches::Choices), exclude("RHW"))
        .unwrap();
    assert_eq!(
        service.alongside.suggest(&request()).unwrap().n_candidates,
        before
    );
    let edition = service.alongside.edition();
    service.alongside.refresh().await.unwrap();
    assert_eq!(
        service.alongside.suggest(&request()).unwrap().n_candidates,
        before - 1
    );
    assert_eq!(service.alongside.edition(), edition);
}
