//! A receiver of webhooks on this machine that is not always well.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes what comes.
    Up,
    /// It takes what comes, after a while.
    Slow,
    /// It reads what comes, forgets it and breaks the connection off.
    Resetting,
    /// Nobody listens.
    Down,
}

/// How long it takes for an answer while it is slow.
const SLOW: Duration = Duration::from_millis(400);

/// A delivery that it took: it answered 204, or would have, had the other side stayed.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// `webhook-id`.
    pub(crate) id: String,
    /// `webhook-timestamp`.
    pub(crate) timestamp: String,
    /// `webhook-signature`.
    pub(crate) signature: String,
    /// The body.
    pub(crate) body: String,
}

struct State {
    mood: Mood,
    received: Vec<Received>,
    ids: HashSet<String>,
    n_seen: usize,
}

/// The receiver; it listens until the program ends.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

fn held(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            mood: Mood::Up,
            received: Vec::new(),
            ids: HashSet::new(),
            n_seen: 0,
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || listen(Some(listener), place, &shared));
        Self {
            url: format!("http://{place}/"),
            state,
        }
    }

    /// Is so from now on.
    pub(crate) fn be(&self, mood: Mood) {
        held(&self.state).mood = mood;
    }

    /// How many events it took, each counted once.
    pub(crate) fn n_events(&self) -> usize {
        held(&self.state).ids.len()
    }

    /// How many requests came, taken or not.
    pub(crate) fn n_seen(&self) -> usize {
        held(&self.state).n_seen
    }

    /// What it took.
    pub(crate) fn received(&self) -> Vec<Received> {
        held(&self.state).received.clone()
    }
}

fn listen(mut listener: Option<TcpListener>, place: SocketAddr, state: &Arc<Mutex<State>>) {
    loop {
        let mood = held(state).mood;
        if mood == Mood::Down {
            listener = None;
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        let open = listener.get_or_insert_with(|| TcpListener::bind(place).unwrap());
        open.set_nonblocking(true).unwrap();
        match open.accept() {
            Ok((stream, _)) => {
                let state = Arc::clone(state);
                std::thread::spawn(move || take(&stream, &state));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(_) => {}
        }
    }
}

fn take(mut stream: &TcpStream, state: &Mutex<State>) {
    stream.set_nonblocking(false).ok();
    let Some(one) = read(stream) else { return };
    let mood = {
        let mut state = held(state);
        state.n_seen += 1;
        state.mood
    };
    match mood {
        // What was read is lost with the receiver.
        Mood::Resetting | Mood::Down => return,
        Mood::Slow => std::thread::sleep(SLOW),
        Mood::Up => {}
    }
    {
        let mut state = held(state);
        state.ids.insert(one.id.clone());
        state.received.push(one);
    }
    stream
        .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        .ok();
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut lines = BufReader::new(stream);
    let mut one = Received {
        id: String::new(),
        timestamp: String::new(),
        signature: String::new(),
        body: String::new(),
    };
    let (mut line, mut length) = (String::new(), 0);
    lines.read_line(&mut line).ok().filter(|n| *n > 0)?;
    loop {
        line.clear();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let value = value.trim().to_owned();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "webhook-id" => one.id = value,
            "webhook-timestamp" => one.timestamp = value,
            "webhook-signature" => one.signature = value,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    one.body = String::from_utf8(body).ok()?;
    Some(one)
}
