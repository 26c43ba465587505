//! What the program asks of the operating system for itself: smaller pages, and a lower priority for work that can wait.
//!
//! Both are wishes. Where the system has no such thing, or refuses, everything works without.

use std::{io, panic, thread};

/// How far a priority is lowered (`sched(7)`: a factor of 1.25 for each step): of a core that it shares with one who answers
/// requests it has 0.3. Others may wait for what it holds, such as the turn to write, so it must not starve: at 10, with 0.1, an
/// import kept writers waiting for a minute.
#[cfg(target_os = "linux")]
const NICE: i32 = 4;

/// Asks for memory in small pages from now on.
///
/// The allocator wants pages of 2 MiB, of which most stay empty in a small service: they were two fifths of the demo's memory.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        log::debug!("the system keeps to large pages: {error}");
    }
}

/// Runs work on a thread of its own, below the priority of those that answer requests, and waits for it.
///
/// # Errors
///
/// Those of starting a thread.
pub fn at_low_priority<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let working = thread::Builder::new()
            .name("low priority".to_owned())
            .spawn_scoped(scope, || {
                lower_priority();
                work()
            })?;
        working
            .join()
            .or_else(|panicked| panic::resume_unwind(panicked))
    })
}

/// Lowers the priority of this thread, for good: to raise it again takes a privilege.
fn lower_priority() {
    // On Linux, and there alone, "this process" is this thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::getpriority_process(None)
        .and_then(|nice| rustix::process::setpriority_process(None, nice.max(NICE)))
    {
        log::debug!("a thread keeps its priority: {error}");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn work_that_can_wait_has_a_lower_priority_and_nothing_else() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        assert_eq!(at_low_priority(nice).unwrap(), before.max(NICE));
        assert_eq!(nice(), before);
    }
}
