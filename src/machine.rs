//! What the program asks of the operating system for itself: smaller pages, and a lower priority for work that nobody waits for.
//!
//! Both are wishes. Where the system has no such thing, or refuses, everything works without.

use std::io;
use std::thread::JoinHandle;

/// How far the priority of background work is lowered: with a core to share, about a tenth goes to it and the rest to whoever
/// answers requests (`sched(7)`: 1.25 for each step).
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Asks for memory in small pages from now on.
///
/// The allocator wants pages of 2 MiB, of which most stay empty in a small service: they were two fifths of the demo's memory.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        log::debug!("the system keeps to large pages: {error}");
    }
}

/// Runs work on a thread of its own, below the priority of those that answer requests.
///
/// # Errors
///
/// Those of starting a thread.
pub fn in_background<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            lower_priority();
            work()
        })
}

/// Lowers the priority of this thread, for good: to raise it again takes a privilege.
fn lower_priority() {
    // On Linux, and there alone, "this process" is this thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::getpriority_process(None)
        .and_then(|nice| rustix::process::setpriority_process(None, nice.max(NICE)))
    {
        log::debug!("background work keeps its priority: {error}");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn background_work_has_a_lower_priority_and_nobody_else() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let background = in_background("test", nice).unwrap().join().unwrap();
        assert_eq!(background, before.max(NICE));
        assert_eq!(nice(), before);
    }
}
