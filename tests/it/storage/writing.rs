//! What every write leaves, and what a failing one does not.

use alongside::domain::error::Error;
use alongside::domain::ids::Revision;
use alongside::storage::{Change, Storage, register, revision};

use super::open_filled;
use crate::support::database::{TestDatabase, a_change, on_every_database};

fn audit(database: &TestDatabase) -> Vec<String> {
    database.texts(
        "SELECT sequence || ' ' || revision || ' ' || actor || ' ' || action || ' ' || detail AS text \
         FROM audit ORDER BY sequence",
    )
}

#[test]
fn a_write_raises_the_revision_and_leaves_an_audit_row() {
    on_every_database(|database| {
        let storage = database.open();
        let change = Change {
            actor: "admin".to_owned(),
            action: "load",
            detail: "RTH".to_owned(),
            ..a_change()
        };
        let written = storage
            .write_blocking(&change, |_| Ok("done"))
            .expect("a write");
        assert_eq!(written, ("done", Revision(1)));
        let written = storage
            .write_blocking(&a_change(), revision::current)
            .expect("a write");
        assert_eq!(
            written,
            (Revision(1), Revision(2)),
            "the work sees the revision before it"
        );
        assert_eq!(
            storage
                .read_blocking(revision::current)
                .expect("a revision"),
            Revision(2)
        );
        assert_eq!(audit(database), ["1 1 admin load RTH", "2 2 a test test "]);
        let kept = database.texts("SELECT CAST(recorded_at AS TEXT) AS text FROM audit");
        assert!(
            kept.iter()
                .all(|at| at.replace('T', " ") == "2026-11-22 00:00:00.123456"),
            "{kept:?}"
        );
    });
}

#[test]
fn a_failing_write_leaves_nothing() {
    on_every_database(|database| {
        let storage = database.open();
        let bundle = alongside::intake::bundled::load().expect("the bundled data");
        let failed = storage.write_blocking(&a_change(), |c| {
            register::insert(c, &bundle.register, &bundle.data_sets)?;
            Err::<(), _>(Error::invalid("/a", "wrong"))
        });
        assert!(
            matches!(failed, Err(Error::Invalid(_))),
            "the work's own error comes back: {failed:?}"
        );
        assert!(
            storage
                .read_blocking(register::is_empty)
                .expect("an answer")
        );
        assert_eq!(
            storage
                .read_blocking(revision::current)
                .expect("a revision"),
            Revision(0)
        );
        assert_eq!(audit(database), Vec::<String>::new());
    });
}

#[test]
fn a_panicking_write_leaves_nothing_and_the_next_one_works() {
    on_every_database(|database| {
        let storage = database.open();
        let panicking = std::thread::spawn({
            let storage = storage.clone();
            move || {
                storage.write_blocking(&a_change(), |_| -> Result<(), Error> {
                    panic!("on purpose")
                })
            }
        });
        assert!(panicking.join().is_err());
        let (_, revision) = storage
            .write_blocking(&a_change(), |_| Ok(()))
            .expect("a write");
        assert_eq!(revision, Revision(1));
    });
}

#[test]
fn many_writers_take_turns() {
    const N_THREADS: usize = 4;
    const N_WRITES: usize = 50;
    on_every_database(|database| {
        let storage = database.open();
        let mut revisions: Vec<u64> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..N_THREADS)
                .map(|_| scope.spawn(|| write_many(&storage, N_WRITES)))
                .collect();
            writers
                .into_iter()
                .flat_map(|writer| writer.join().expect("a writer"))
                .collect()
        });
        revisions.sort_unstable();
        assert!(
            revisions.into_iter().eq(1..=(N_THREADS * N_WRITES) as u64),
            "each write has its own revision"
        );
        assert_eq!(audit(database).len(), N_THREADS * N_WRITES);
    });
}

/// Writes that read first, as those that check a rule do.
fn write_many(storage: &Storage, n_writes: usize) -> Vec<u64> {
    (0..n_writes)
        .map(|_| {
            let (before, after) = storage
                .write_blocking(&a_change(), revision::current)
                .expect("a write");
            assert_eq!(
                before.0 + 1,
                after.0,
                "nobody wrote between reading and writing"
            );
            after.0
        })
        .collect()
}

#[test]
fn a_read_sees_one_state_whatever_is_written_meanwhile() {
    on_every_database(|database| {
        let storage = database.open();
        let (before, after) = storage
            .read_blocking(|c| {
                let before = revision::current(c)?;
                storage.write_blocking(&a_change(), |_| Ok(()))?;
                Ok((before, revision::current(c)?))
            })
            .expect("a read");
        assert_eq!((before, after), (Revision(0), Revision(0)));
    });
}

#[test]
fn the_asynchronous_forms_do_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    on_every_database(|database| {
        let storage = open_filled(database);
        runtime.block_on(async {
            let (_, revision) = storage
                .write(a_change(), |_| Ok(()))
                .await
                .expect("a write");
            assert_eq!(
                storage.read(revision::current).await.expect("a revision"),
                revision
            );
            let failed = storage
                .read(|_| Err::<(), _>(Error::invalid("/a", "wrong")))
                .await;
            assert!(matches!(failed, Err(Error::Invalid(_))));
            let panicked = storage
                .read(|_| -> Result<(), Error> { panic!("on purpose") })
                .await;
            assert!(matches!(panicked, Err(Error::Internal(..))));
        });
    });
}

#[test]
fn readers_are_answered_while_many_writers_wait() {
    const N_WRITERS: usize = 20;
    on_every_database(|database| {
        let storage = database.open();
        let (holds, held) = std::sync::mpsc::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                storage.write_blocking(&a_change(), move |_| {
                    holds.send(()).expect("somebody waits");
                    released.recv().ok();
                    Ok(())
                })
            });
            held.recv().expect("the holder holds");
            let writers: Vec<_> = (0..N_WRITERS)
                .map(|_| scope.spawn(|| storage.write_blocking(&a_change(), |_| Ok(()))))
                .collect();
            // As long as the writers need to come and wait, and more.
            let started = std::time::Instant::now();
            let mut slowest = std::time::Duration::ZERO;
            while started.elapsed() < std::time::Duration::from_secs(1) {
                let asked = std::time::Instant::now();
                storage.read_blocking(revision::current).expect("an answer");
                slowest = slowest.max(asked.elapsed());
            }
            drop(release);
            holder.join().expect("the holder").expect("a write");
            for writer in writers {
                writer.join().expect("a writer").expect("a write");
            }
            assert!(slowest < std::time::Duration::from_secs(2), "{slowest:?}");
        });
    });
}

#[test]
fn a_write_with_nothing_to_do_leaves_nothing() {
    on_every_database(|database| {
        let storage = database.open();
        let bundle = alongside::intake::bundled::load().expect("the bundled data");
        let written = storage.write_if_needed(&a_change(), |c| {
            register::insert(c, &bundle.register, &bundle.data_sets)?;
            Ok(None::<()>)
        });
        assert!(matches!(written, Ok(None)), "{written:?}");
        assert!(
            storage
                .read_blocking(register::is_empty)
                .expect("an answer")
        );
        assert_eq!(audit(database), Vec::<String>::new());
    });
}

#[test]
fn of_several_that_fill_one_database_at_once_one_does_and_none_fails() {
    on_every_database(|database| {
        drop(database.open());
        std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let now = a_change().at;
                        let load = alongside::app::BundledData::Load;
                        alongside::startup::open(
                            &database.url(),
                            &crate::support::database::secret(),
                            load,
                            now,
                        )
                        .map(|a| a.revision())
                    })
                })
                .collect();
            for start in starts {
                assert_eq!(
                    start.join().expect("a start").expect("it opens"),
                    Revision(1)
                );
            }
        });
        assert_eq!(audit(database).len(), 1);
    });
}
