//! E-mail by SMTP: plain text, from templates that hold no text of people.

use std::fmt;
use std::time::Duration;

use chrono::SecondsFormat;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{Message, SmtpTransport, Transport as _};

use crate::domain::contact::EmailAddress;
use crate::domain::event::{Event, EventKind};
use crate::domain::ids::OdsCode;
use crate::domain::webhook::{Attempt, AttemptError};

/// How long each step of handing over a message may take.
const STEP_DEADLINE: Duration = Duration::from_secs(10);

/// Where mail goes out, and how the service speaks of itself in it. `Debug` shows no password.
#[derive(Clone)]
pub struct MailSettings {
    /// The server: `smtps://USER:PASSWORD@HOST`.
    pub server: String,
    /// Whom it is from.
    pub from: EmailAddress,
    /// Where people find the service, without a slash at the end.
    pub public_url: String,
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings").finish_non_exhaustive()
    }
}

/// Why mail cannot be sent at all. Repeats no address and no password.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The address of the server is none.
    #[error("the address of the mail server is not one")]
    Server,
    /// The sender's or the recipient's address is none that mail takes.
    #[error("an address is not one that mail takes")]
    Address,
    /// The server did not take the message.
    #[error("the mail server did not take the message")]
    Sending(#[source] SmtpError),
}

/// Sends mail.
pub struct Mailer {
    transport: SmtpTransport,
    from: Mailbox,
    public_url: String,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its subject.
    pub subject: String,
    /// Its text, in lines.
    pub text: String,
}

impl Mailer {
    /// Prepares to send; connects to nothing yet.
    ///
    /// # Errors
    ///
    /// [`MailError::Server`] and [`MailError::Address`].
    pub fn new(settings: &MailSettings) -> Result<Self, MailError> {
        let transport =
            SmtpTransport::from_url(&settings.server).map_err(|_secret| MailError::Server)?;
        Ok(Self {
            transport: transport.timeout(Some(STEP_DEADLINE)).build(),
            from: mailbox(&settings.from, Some("Alongside"))?,
            public_url: settings.public_url.clone(),
        })
    }

    /// Sends a message to one person. Blocking.
    ///
    /// # Errors
    ///
    /// [`MailError`].
    pub fn send(&self, to: &EmailAddress, letter: &Letter) -> Result<(), MailError> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(mailbox(to, None)?)
            .subject(letter.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|_personal| MailError::Address)?;
        self.transport
            .send(&message)
            .map(drop)
            .map_err(MailError::Sending)
    }

    /// The same as an attempt of a delivery.
    pub(super) fn attempt(&self, to: &EmailAddress, letter: &Letter) -> Attempt {
        let error = match self.send(to, letter) {
            Ok(()) => None,
            Err(MailError::Sending(error)) => {
                let status = error
                    .status()
                    .and_then(|code| code.to_string().parse().ok());
                let why = if status.is_some() {
                    AttemptError::Status
                } else if error.is_timeout() {
                    AttemptError::Timeout
                } else if error.is_tls() {
                    AttemptError::Tls
                } else if error.is_response() {
                    AttemptError::Protocol
                } else {
                    AttemptError::Connection
                };
                return Attempt {
                    error: Some(why),
                    status,
                    retry_after: None,
                };
            }
            Err(MailError::Address) => Some(AttemptError::NoRecipient),
            Err(MailError::Server) => Some(AttemptError::Internal),
        };
        Attempt {
            error,
            status: None,
            retry_after: None,
        }
    }

    /// Writes what happened, for a contact of a site; `other` is the organisation at the other end, where there is one.
    pub(super) fn letter(
        &self,
        event: &Event,
        site: (OdsCode, &str),
        other: Option<(OdsCode, &str)>,
    ) -> Letter {
        let said = words(event.event.kind);
        let name = |(code, name): (OdsCode, &str)| format!("{code} {name}");
        let url = &self.public_url;
        let about = match other {
            Some((code, _)) => format!(" ({code})"),
            None => String::new(),
        };
        let mut text = format!("{said}.\n\n  For    {}\n", name(site));
        if let Some(other) = other {
            text += &format!("  With   {}\n", name(other));
        }
        let at = event.event.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (subject, code) = (&event.event.subject, site.0);
        text += &format!(
            "  When   {at}\n  See    {url}{subject}\n\n\
             That address needs a key of your organisation; {url}/swagger-ui/ asks it for you.\n\n\
             You are written to since you are a contact of {code}. Your organisation chooses of what:\n\
             {url}/api/v1/organisations/{code}/notifications\n"
        );
        Letter {
            subject: format!("Alongside: {}{about}", said.to_lowercase()),
            text,
        }
    }
}

/// The letter by which somebody sees that mail arrives.
#[must_use]
pub fn test_letter() -> Letter {
    Letter {
        subject: "Alongside: a test".to_owned(),
        text: "This is a test of the e-mail of Alongside. Nothing happened, and there is nothing to do.\n"
            .to_owned(),
    }
}

fn mailbox(address: &EmailAddress, name: Option<&str>) -> Result<Mailbox, MailError> {
    let address = address.as_str().parse();
    let address = address.map_err(|_personal| MailError::Address)?;
    Ok(Mailbox::new(name.map(str::to_owned), address))
}

/// What happened, as the beginning of a letter says it.
fn words(kind: EventKind) -> &'static str {
    match kind {
        EventKind::ApproachReceived => "Another organisation approached yours",
        EventKind::ApproachAccepted => "Your approach was accepted",
        EventKind::ApproachDeclined => "Your approach was declined",
        EventKind::ApproachWithdrawn => "An approach to your organisation was withdrawn",
        EventKind::ApproachExpired => "An approach expired",
        EventKind::ApproachReminder => "An approach waits for your answer and expires soon",
        EventKind::ApproachMoved => "An approach moved to a successor",
        EventKind::ApproachEnded => "An approach ended, since an organisation closed or merged",
        EventKind::PartnershipOpened => "A partnership opened",
        EventKind::PartnershipRenewed => "A partnership was renewed",
        EventKind::PartnershipChanged => "Your partner changed what a partnership is about",
        EventKind::PartnershipCheckedIn => "Your partner checked in",
        EventKind::CheckInDue => "A partnership waits for your check-in",
        EventKind::PartnershipEnding => "A partnership nears its planned end",
        EventKind::PartnershipEnded => "A partnership ended",
        EventKind::PartnershipMoved => "A partnership moved to a successor",
        EventKind::SuggestionReceived => "A programme admin suggests a partner",
        EventKind::SuggestionMutual => "Both organisations are interested in a suggested pair",
        EventKind::SitePaused => "A programme admin paused your organisation",
        EventKind::SiteResumed => "A programme admin ended the pause of your organisation",
        EventKind::Test => "This is a test",
    }
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
