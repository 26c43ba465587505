//! The real program as a process of its own: started, known to be ready by its one line, and never left behind.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use serde_json::Value;

/// Longer than a start or an end takes on a busy machine; one that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, ended when dropped.
pub(crate) struct Service {
    /// Where it answers.
    pub(crate) url: String,
    /// The first key of a programme admin, where the start made it.
    pub(crate) admin_key: Option<String>,
    /// Its process.
    pub(crate) child: Child,
    /// Its lines after the first; disconnected once it has ended.
    lines: Receiver<String>,
}

impl Service {
    /// Starts the program with a command that serves, on a free port and without a limit on how often callers ask, and waits
    /// until it is ready. Its log is written to a new file as JSON.
    pub(crate) fn start(command: &[impl AsRef<OsStr>], log: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_alongside"))
            .args(command)
            .args(["--json", "--port", "0", "--rate-limit", "0"])
            .args(["--log-format", "json"])
            // Whatever is set where the benchmark runs, the program has its defaults.
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create_new(log).unwrap())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        let mut service = Self {
            url: String::new(),
            admin_key: None,
            child,
            lines,
        };
        let line = service.lines.recv_timeout(PATIENCE).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let said = |name: &str| ready[name].as_str().map(str::to_owned);
        service.url = said("url").unwrap_or_default();
        service.admin_key = said("adminKey");
        assert!(
            !service.url.is_empty(),
            "the program did not say that it is ready: {line:?}; its log: {}",
            std::fs::read_to_string(log).unwrap()
        );
        service
    }

    /// Tells the program to stop, as a container does, and kills it where it does not in time; how it ended.
    pub(crate) fn stop(&mut self) -> Option<ExitStatus> {
        // The id of a process that was waited for may be another's.
        if let Ok(Some(status)) = self.child.try_wait() {
            return Some(status);
        }
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().ok();
        // The output ends with the program.
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.child.kill().ok();
                    break;
                }
            }
        }
        self.child.wait().ok()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}
