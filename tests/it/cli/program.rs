//! A place to run the program in, and a run of it that cannot outlive its test.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::logs;

/// Longer than any run takes on a busy machine; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// An empty directory and the variables of the next run.
pub(super) struct Place {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

impl Place {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("tmp")).unwrap();
        Self {
            directory,
            variables: Vec::new(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where the program makes its temporary files.
    pub(super) fn temporary(&self) -> std::path::PathBuf {
        self.path().join("tmp")
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.path().join(name), content).unwrap();
        self
    }

    pub(super) fn command<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
        command
            .args(arguments)
            .env_clear()
            .env("TMPDIR", self.temporary())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(super) fn run(&self, arguments: &str) -> Run {
        Running::start(self, arguments).ended()
    }
}

/// A run that came to its end.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Run {
    /// Checks that the run failed with this code, printed nothing, and says why in one line that holds all of `words`.
    #[track_caller]
    pub(super) fn assert_failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        self.assert_says(words);
    }

    #[track_caller]
    pub(super) fn assert_says(&self, words: &[&str]) {
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:?}");
        }
        for unwelcome in ["panicked", "backtrace"] {
            assert!(!self.stderr.contains(unwelcome), "{self:?}");
        }
    }

    #[track_caller]
    pub(super) fn assert_worked(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
    }
}

/// A run in progress; killed when dropped.
pub(super) struct Running {
    child: Child,
    lines: Receiver<String>,
    stderr: Option<std::thread::JoinHandle<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Running {
    pub(super) fn start(place: &Place, arguments: &str) -> Self {
        Self::of(&mut place.command(arguments.split_whitespace()))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        // Both are read all the time, so that a full pipe holds nobody up.
        let stdout = child.stdout.take().map(BufReader::new);
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = stdout.into_iter().flat_map(BufReader::lines);
            for line in lines.map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            logs::keep_said(&text);
            text
        });
        Self {
            child,
            lines,
            stderr: Some(stderr),
        }
    }

    /// The next line of the standard output.
    #[track_caller]
    pub(super) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// What the line says that `--json` prints when ready, which holds the address and keys that were just made.
    #[track_caller]
    pub(super) fn ready(&self) -> serde_json::Value {
        let line = self.line();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        for name in ready.as_object().unwrap().keys() {
            assert!(
                ["url", "adminKey", "siteKeys"].contains(&name.as_str()),
                "{line}"
            );
        }
        ready
    }

    /// The address in that line.
    #[track_caller]
    pub(super) fn url(&self) -> String {
        self.ready()["url"].as_str().unwrap().to_owned()
    }

    /// Sends a signal by name, as a terminal or a container does.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{name} {}", self.child.id()))
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end.
    #[track_caller]
    pub(super) fn ended(mut self) -> Run {
        let started = Instant::now();
        let mut stdout = String::new();
        // The output ends with the program, so this waits for it without asking again and again.
        while let Ok(line) = self
            .lines
            .recv_timeout(PATIENCE.saturating_sub(started.elapsed()))
        {
            stdout.push_str(&line);
            stdout.push('\n');
        }
        assert!(
            started.elapsed() < PATIENCE,
            "still running; printed {stdout}"
        );
        let stderr = self.stderr.take().unwrap().join().unwrap();
        let code = self.child.wait().unwrap().code();
        Run {
            code,
            stdout,
            stderr,
        }
    }
}

/// Runs a command whose output nobody reads.
pub(super) fn run_unread(place: &Place, arguments: &str) -> Run {
    // The reader leaves before the program starts, so that the pipe is broken whenever it writes.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = place.command(arguments.split_whitespace());
    Running::of(command.stdout(writer)).ended()
}

/// A port that is in use as long as the listener lives.
pub(super) fn port_in_use() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A port that was free a moment ago, on which nobody listens.
pub(super) fn silent_port() -> u16 {
    port_in_use().1
}
