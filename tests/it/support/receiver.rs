//! A receiver of webhooks on this machine, which answers as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What was sent to the receiver.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The headers, their names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Received {
    /// A header; empty where it was not sent.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The receiver; it listens until the tests end.
pub(crate) struct Receiver {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    answers: Arc<Mutex<Vec<String>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// Listens. Answers 204 unless told otherwise.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let receiver = Self {
            url,
            answers: Arc::default(),
            received: Arc::default(),
        };
        let (answers, received) = (
            Arc::clone(&receiver.answers),
            Arc::clone(&receiver.received),
        );
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(one) = read(&stream) else { continue };
                received.lock().unwrap().push(one);
                let answer = answers.lock().unwrap().pop();
                let answer = answer.unwrap_or_else(|| "204 No Content".to_owned());
                let text =
                    format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                (&stream).write_all(text.as_bytes()).ok();
            }
        });
        receiver
    }

    /// What to answer next, status and further headers, in this order.
    pub(crate) fn answer(&self, answers: &[&str]) {
        let mut held = self.answers.lock().unwrap();
        *held = answers.iter().rev().map(|&text| text.to_owned()).collect();
    }

    /// What came so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        line.clear();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let (name, value) = (name.to_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().ok()?;
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    Some(Received {
        headers,
        body: String::from_utf8(body).ok()?,
    })
}
