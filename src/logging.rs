//! The log: one line for each event, to the standard error output, as text for people or as JSON for machines.
//!
//! A line is one line whatever is in it: control characters are escaped, so that a message that carries somebody's input
//! cannot forge a second one. Passwords in URLs are taken out, should a library's error text quote one. [`start`] is called
//! once, by `main`.

use std::fmt::Write as _;
use std::io::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use log::kv::{self, Key, Value, VisitSource};

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: `TIME LEVEL MODULE MESSAGE key=value`.
    Text,
    /// For machines: one JSON object with `ts`, `level`, `target`, `msg`, then the event's own keys.
    Json,
}

/// Which events are logged, in the syntax of `env_logger`; known to be well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedFilter(String);

impl LogFilter {
    /// Reads a filter: comma-separated `LEVEL` or `MODULE=LEVEL`, then perhaps `/REGEX`.
    ///
    /// # Errors
    ///
    /// [`MalformedFilter`] with the part that cannot be read, which `env_logger` alone would pass over.
    pub fn parse(text: &str) -> Result<Self, MalformedFilter> {
        match env_filter::Builder::new().try_parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(MalformedFilter(error.to_string())),
        }
    }

    /// What a service logs: what it does, without the web server's talk of threads and its errors about what callers send,
    /// which would let anybody fill the log.
    #[must_use]
    pub fn service() -> Self {
        Self("info,actix_server=warn,actix_http=off".to_owned())
    }

    /// What a command that is done in a moment logs: what may be wrong.
    #[must_use]
    pub fn command() -> Self {
        Self("warn,actix_http=off".to_owned())
    }
}

/// What to log and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Which events.
    pub filter: LogFilter,
    /// In which form.
    pub format: LogFormat,
}

/// Starts the logger, to the standard error output. A second start in one process changes nothing.
pub fn start(settings: &LogSettings) {
    start_to(settings, env_logger::Target::Stderr);
}

/// Starts the logger, to a file.
pub fn start_to_file(settings: &LogSettings, file: std::fs::File) {
    start_to(settings, env_logger::Target::Pipe(Box::new(file)));
}

fn start_to(settings: &LogSettings, target: env_logger::Target) {
    let format = settings.format;
    let started = env_logger::Builder::new()
        .parse_filters(&settings.filter.0)
        .target(target)
        .format(move |out, record| {
            let line = Line {
                ts: &out.timestamp_millis().to_string(),
                level: record.level(),
                target: record.target(),
                message: &record.args().to_string(),
            };
            writeln!(out, "{}", line.written(format, record.key_values()))
        })
        .try_init();
    if started.is_err() {
        log::debug!("the logger was started before");
    }
}

/// Writes the line with which a command ends in failure to the standard error output, whatever the filter says.
///
/// As text it is `error: MESSAGE`, which is how the command line reports its own mistakes too.
pub fn write_failure(format: LogFormat, now: DateTime<Utc>, message: &str) {
    let line = match format {
        LogFormat::Text => format!("error: {}", clean(message)),
        LogFormat::Json => Line {
            ts: &now.to_rfc3339_opts(SecondsFormat::Millis, true),
            level: log::Level::Error,
            target: env!("CARGO_PKG_NAME"),
            message,
        }
        .written(format, &NO_VALUES),
    };
    // Where even the error output is closed, there is nobody left to tell; the exit code still says it.
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

/// The message of an error with those of its causes, as one line.
///
/// A cause that the message before it repeats is left out.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(words.trim()) {
            text.push_str(": ");
            text.push_str(words.trim());
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text without passwords, on one line.
#[must_use]
pub fn clean(text: &str) -> String {
    escape_controls(&without_passwords(text), |c| c.escape_default().to_string())
}

/// The keys and values of an event that has none.
const NO_VALUES: [(&str, &str); 0] = [];

/// One event, before it is written.
struct Line<'a> {
    ts: &'a str,
    level: log::Level,
    target: &'a str,
    message: &'a str,
}

impl Line<'_> {
    fn written(&self, format: LogFormat, values: &dyn kv::Source) -> String {
        match format {
            LogFormat::Text => self.text(values),
            LogFormat::Json => self.json(values),
        }
    }

    fn text(&self, values: &dyn kv::Source) -> String {
        let (ts, level) = (self.ts, self.level);
        let (target, message) = (clean(self.target), clean(self.message));
        let mut line = format!("{ts} {level:<5} {target} {message}");
        for (key, value) in pairs(values) {
            let value = match &value {
                serde_json::Value::String(text) if is_plain(text) => text.clone(),
                value => value.to_string(),
            };
            write!(line, " {}={}", clean(&key), clean(&value)).ok();
        }
        line
    }

    fn json(&self, values: &dyn kv::Source) -> String {
        let mut line = String::from("{");
        let mut put = |key: &str, value: &serde_json::Value| {
            let separator = if line.len() == 1 { "" } else { "," };
            let key = serde_json::Value::from(key);
            write!(line, "{separator}{key}:{value}").ok();
        };
        put("ts", &self.ts.into());
        put("level", &self.level.as_str().into());
        put("target", &self.target.into());
        put("msg", &without_passwords(self.message).into());
        for (key, value) in pairs(values) {
            match key.as_str() {
                // An event's own key must not pass for one of the line's.
                "ts" | "level" | "target" | "msg" => put(&format!("{key}_"), &value),
                key => put(key, &value),
            }
        }
        line.push('}');
        // JSON escapes only the first 32; what is left can be found inside its strings alone, where \u is legal.
        escape_controls(&line, |c| format!("\\u{:04x}", u32::from(c)))
    }
}

/// Whether a value can stand in a text line without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| !c.is_whitespace() && !matches!(c, '"' | '='))
}

/// The keys and values of an event, in order.
fn pairs(values: &dyn kv::Source) -> Vec<(String, serde_json::Value)> {
    struct Collect(Vec<(String, serde_json::Value)>);

    impl<'kvs> VisitSource<'kvs> for Collect {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
            let value = if let Some(number) = value.to_u64() {
                number.into()
            } else if let Some(number) = value.to_i64() {
                number.into()
            } else if let Some(number) = value.to_f64().filter(|n| n.is_finite()) {
                number.into()
            } else if let Some(yes) = value.to_bool() {
                yes.into()
            } else {
                without_passwords(&value.to_string()).into()
            };
            self.0.push((key.as_str().to_owned(), value));
            Ok(())
        }
    }

    let mut collect = Collect(Vec::new());
    if values.visit(&mut collect).is_err() {
        collect
            .0
            .push(("incomplete".to_owned(), serde_json::Value::Bool(true)));
    }
    collect.0
}

/// Replaces what could end a line or move a terminal's cursor.
fn escape_controls(text: &str, escaped: impl Fn(char) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // The two are the line and paragraph separators, which some viewers take for an end of line.
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            out.push_str(&escaped(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Takes the user and password out of every URL but those of the web, and the value out of every `password=`.
fn without_passwords(text: &str) -> String {
    const HIDDEN: &str = "***";
    let ends_word = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let word = &after[..after.find(ends_word).unwrap_or(after.len())];
        let is_web = ["http://", "https://"].iter().any(|s| before.ends_with(s));
        // The last @, because a password that was not encoded may hold one.
        rest = match word.rfind('@') {
            Some(at) if !is_web => {
                out.push_str(HIDDEN);
                &after[at..]
            }
            Some(_) | None => after,
        };
    }
    out.push_str(rest);

    let mut text = std::mem::take(&mut out);
    let mut from = 0;
    while let Some(at) = text[from..].to_ascii_lowercase().find("password=") {
        let start = from + at + "password=".len();
        let len = text[start..]
            .find(|c: char| ends_word(c) || c == '&')
            .unwrap_or(text.len() - start);
        text.replace_range(start..start + len, HIDDEN);
        from = start + HIDDEN.len();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TS: &str = "2026-11-22T09:00:00.000Z";

    fn line<'a>(message: &'a str) -> Line<'a> {
        Line {
            ts: TS,
            level: log::Level::Info,
            target: "alongside::startup",
            message,
        }
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let forged = "hello\n2026-11-22T09:00:00Z ERROR forged\r\x1b[2J\u{85}\u{2028}";
        for format in [LogFormat::Text, LogFormat::Json] {
            let written = line(forged).written(format, &[("key", "a\nb")]);
            assert!(
                !written.chars().any(|c| c.is_control() || c == '\u{2028}'),
                "{written:?}"
            );
        }
    }

    #[test]
    fn a_json_line_holds_what_was_logged() {
        let written = line("a \"b\"\n\u{7f}").json(&[("route", "list"), ("msg", "mine")]);
        assert!(
            written.starts_with(&format!("{{\"ts\":\"{TS}\",\"level\":\"INFO\"")),
            "{written}"
        );
        let read: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["msg"], "a \"b\"\n\u{7f}");
        assert_eq!(
            (&read["route"], &read["msg_"]),
            (&"list".into(), &"mine".into())
        );
    }

    #[test]
    fn numbers_stay_numbers() {
        let written = line("m").json(&[("total", Value::from(2_u64))]);
        assert!(written.ends_with(",\"total\":2}"), "{written}");
        let written = line("m").json(&[("ratio", Value::from(f64::NAN))]);
        assert!(written.ends_with(",\"ratio\":\"NaN\"}"), "{written}");
    }

    #[test]
    fn a_text_line_quotes_a_value_that_could_pass_for_two() {
        let written = line("m").text(&[("path", "/x"), ("name", "a level=b")]);
        assert_eq!(
            written,
            format!("{TS} INFO  alongside::startup m path=/x name=\"a level=b\"")
        );
    }

    #[test]
    fn passwords_are_taken_out() {
        for (text, expected) in [
            (
                "at postgres://u:hunter2@h/d now",
                "at postgres://***@h/d now",
            ),
            (
                "\"postgresql://u:p@ss/w@h:1/d\"",
                "\"postgresql://***@h:1/d\"",
            ),
            (
                "postgres://h/d?user=u&Password=hunter2&x=1",
                "postgres://h/d?user=u&Password=***&x=1",
            ),
            (
                "password=hunter2 host=h password=x",
                "password=*** host=h password=***",
            ),
            (
                "http://127.0.0.1:8080/x?mail=a@b",
                "http://127.0.0.1:8080/x?mail=a@b",
            ),
            ("é://é@é", "é://***@é"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(without_passwords(text), expected);
        }
    }

    #[test]
    fn a_chain_of_causes_is_one_line_without_repeats() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot listen")]
        struct Outer(#[source] std::io::Error);

        let inner = std::io::Error::other("connection failed\n\tIs it running?\n");
        assert_eq!(
            chain(&Outer(inner)),
            "cannot listen: connection failed Is it running?"
        );
        assert_eq!(
            chain(&Outer(std::io::Error::other("cannot listen"))),
            "cannot listen"
        );
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        for text in ["alongside=loud", "a=b=c", "info/a/b", "info/("] {
            assert!(LogFilter::parse(text).is_err(), "{text}");
        }
        assert_eq!(LogFilter::parse("info,x=off/y").unwrap().0, "info,x=off/y");
        for default in [LogFilter::service(), LogFilter::command()] {
            assert_eq!(LogFilter::parse(&default.0), Ok(default));
        }
    }
}
