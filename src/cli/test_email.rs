//! `alongside test-email`: whether e-mail arrives.

use clap::Args;

use crate::app::mail::{Mailer, test_letter};
use crate::cli::failure::Failure;
use crate::cli::flags::DeliveryFlags;
use crate::cli::stdout::print;
use crate::config::{Config, Flags};
use crate::domain::contact::EmailAddress;

/// Sends a test message to an address
///
/// Takes the settings of e-mail that `serve` takes, and ends with 0 once the mail server took the message.
#[derive(Args)]
#[command(after_help = "\
Examples:
  ALONGSIDE_SMTP_URL=smtps://USER:PASSWORD@mail.example.nhs.uk alongside test-email you@example.nhs.uk \\
      --mail-from alongside@example.nhs.uk --public-url https://alongside.example.nhs.uk")]
pub struct TestEmail {
    /// To whom
    #[arg(value_name = "ADDRESS", value_parser = address)]
    to: EmailAddress,
    #[command(flatten)]
    delivery: DeliveryFlags,
}

fn address(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::new(text).map_err(|rule| rule.to_string())
}

impl TestEmail {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        self.delivery.clone().add_to(flags)
    }

    /// Sends the message.
    ///
    /// # Errors
    ///
    /// [`Failure::Config`], [`Failure::NoMailServer`], [`Failure::Mail`] and [`Failure::Output`].
    pub fn run(&self, config: &Config) -> Result<(), Failure> {
        let settings = config.delivery()?.mail.ok_or(Failure::NoMailServer)?;
        Mailer::new(&settings)?.send(&self.to, &test_letter())?;
        print("the mail server took the message\n")
    }
}
