use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::*;
use crate::domain::event::{NewEvent, Recipient};

/// A mail server on this machine that takes one message, or refuses its recipient; returns what it was told.
fn server(answer_to_recipient: &'static str) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let work = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        take(&stream, answer_to_recipient)
    });
    (format!("smtp://{place}"), work)
}

fn take(mut stream: &TcpStream, answer_to_recipient: &str) -> Vec<String> {
    let mut said = Vec::new();
    let mut is_data = false;
    stream.write_all(b"220 sink\r\n").unwrap();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let answer = if is_data {
            is_data = line != ".";
            (line == ".").then_some("250 taken")
        } else if line.starts_with("EHLO") {
            Some("250 sink")
        } else if line.starts_with("RCPT") {
            Some(answer_to_recipient)
        } else if line == "DATA" {
            is_data = true;
            Some("354 go on")
        } else if line == "QUIT" {
            Some("221 bye")
        } else {
            Some("250 good")
        };
        let is_end = line == "QUIT";
        said.push(line);
        if let Some(answer) = answer {
            stream
                .write_all(format!("{answer}\r\n").as_bytes())
                .unwrap();
        }
        if is_end {
            break;
        }
    }
    said
}

fn mailer(server: String) -> Mailer {
    Mailer::new(&MailSettings {
        server,
        from: EmailAddress::new("alongside@example.nhs.uk").unwrap(),
        public_url: "https://alongside.example.nhs.uk".to_owned(),
    })
    .unwrap()
}

fn ods(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

fn event() -> Event {
    let at: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
    Event {
        sequence: 1,
        id: "e".to_owned(),
        event: NewEvent {
            kind: EventKind::ApproachReceived,
            recipient: Recipient::Site(ods("RTH")),
            subject: "/api/v1/approaches/1".to_owned(),
            data: json!({ "from": "RHW" }),
            at,
        },
    }
}

#[test]
fn a_letter_says_what_happened_and_how_to_have_no_more() {
    let letter = mailer("smtp://127.0.0.1:1".to_owned()).letter(
        &event(),
        (ods("RTH"), "Oxford"),
        Some((ods("RHW"), "Reading")),
    );
    assert_eq!(
        letter.subject,
        "Alongside: another organisation approached yours (RHW)"
    );
    for part in [
        "RTH Oxford",
        "RHW Reading",
        "https://alongside.example.nhs.uk/api/v1/approaches/1",
        "https://alongside.example.nhs.uk/api/v1/organisations/RTH/notifications",
    ] {
        assert!(letter.text.contains(part), "{part} in {}", letter.text);
    }
}

#[test]
fn a_letter_is_handed_to_the_mail_server() {
    let (url, work) = server("250 good");
    let to = EmailAddress::new("somebody@example.nhs.uk").unwrap();
    let attempt = mailer(url).attempt(&to, &test_letter());
    let said = work.join().unwrap();
    assert_eq!(attempt.error, None);
    for line in [
        "MAIL FROM:<alongside@example.nhs.uk>",
        "RCPT TO:<somebody@example.nhs.uk>",
        "Subject: Alongside: a test",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(
            said.iter().any(|said| said.starts_with(line)),
            "{line} in {said:#?}"
        );
    }
}

#[test]
fn what_a_mail_server_refuses_is_an_attempt_that_failed_and_names_nobody() {
    let (url, work) = server("550 no such somebody@example.nhs.uk");
    let to = EmailAddress::new("somebody@example.nhs.uk").unwrap();
    let attempt = mailer(url).attempt(&to, &test_letter());
    assert_eq!(
        (attempt.error, attempt.status),
        (Some(AttemptError::Status), Some(550))
    );
    assert!(work.join().unwrap().iter().all(|line| line != "DATA"));
}

#[test]
fn settings_show_no_password() {
    let settings = MailSettings {
        server: "smtps://u:secret@mail.example.nhs.uk".to_owned(),
        from: EmailAddress::new("alongside@example.nhs.uk").unwrap(),
        public_url: "https://alongside.example.nhs.uk".to_owned(),
    };
    assert!(!format!("{settings:?}").contains("secret"));
}
