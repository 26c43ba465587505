//! The flags that several commands share. Each value is taken as typed; [`crate::config`] reads it, with the other layers.

use std::ffi::OsString;

use clap::Args;

use crate::config::{Flags, Setting};

/// The flags that every command takes.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Settings for every command")]
pub struct CommonFlags {
    /// Reads settings from this TOML file [env: ALONGSIDE_CONFIG]
    ///
    /// Its keys are the names of the flags that have a variable, with _ for -, and have their meaning. A flag wins over the
    /// environment, and the environment over the file.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<OsString>,

    /// What to log, for example `debug` or `warn,alongside=info` [env: ALONGSIDE_LOG]
    ///
    /// Comma-separated `LEVEL` or `MODULE=LEVEL`, the levels being off, error, warn, info, debug and trace. By default
    /// `serve` logs from info, the other commands from warn. The log goes to the standard error output.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<OsString>,

    /// How a log line is written: `text` or `json` [env: ALONGSIDE_LOG_FORMAT] [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<OsString>,
}

impl CommonFlags {
    /// The settings given by these flags.
    #[must_use]
    pub fn into_flags(self) -> Flags {
        Flags::new(self.config)
            .with(Setting::Log, self.log)
            .with(Setting::LogFormat, self.log_format)
    }
}

/// The flags that say where to listen.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
pub struct ListenFlags {
    /// Listens on this address [env: ALONGSIDE_ADDRESS] [default: 127.0.0.1]
    ///
    /// One that other machines can reach needs TLS, or a proxy that has it: keys would cross the network for all to read.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<OsString>,

    /// Listens on this port; 0 picks a free one [env: ALONGSIDE_HTTP_PORT] [default: 8080]
    #[arg(long, value_name = "PORT")]
    port: Option<OsString>,

    /// Answers with this many threads [env: ALONGSIDE_WORKERS] [default: one for each core]
    #[arg(long, value_name = "NUMBER")]
    workers: Option<OsString>,

    /// Protects connections with the certificate in this PEM file [env: ALONGSIDE_TLS_CERTIFICATE]
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<OsString>,

    /// The key of the certificate, a PEM file [env: ALONGSIDE_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    tls_key: Option<OsString>,

    /// Says that a proxy protects connections, and who calls in X-Forwarded-For [env: ALONGSIDE_BEHIND_PROXY] [default: false]
    #[arg(long, value_name = "CHOICE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    behind_proxy: Option<OsString>,

    /// How many requests a caller may make in a minute; 0 is no limit [env: ALONGSIDE_RATE_LIMIT] [default: 600]
    #[arg(long, value_name = "NUMBER")]
    rate_limit: Option<OsString>,
}

impl ListenFlags {
    /// Adds the settings given by these flags.
    #[must_use]
    pub fn add_to(self, flags: Flags) -> Flags {
        flags
            .with(Setting::Address, self.address)
            .with(Setting::Port, self.port)
            .with(Setting::Workers, self.workers)
            .with(Setting::TlsCertificate, self.tls_certificate)
            .with(Setting::TlsKey, self.tls_key)
            .with(Setting::BehindProxy, self.behind_proxy)
            .with(Setting::RateLimit, self.rate_limit)
    }
}

/// The flags that say whose tokens are taken beside keys.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Tokens of an identity provider (OpenID Connect)")]
pub struct IdentityFlags {
    /// Takes tokens of this issuer, to the letter as they name it [env: ALONGSIDE_OIDC_ISSUER]
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<OsString>,

    /// Takes tokens for this audience; several with commas between [env: ALONGSIDE_OIDC_AUDIENCE]
    #[arg(long, value_name = "NAME")]
    oidc_audience: Option<OsString>,

    /// Where the keys are that sign them: a JWKS file, https://, or http:// on this machine [env: ALONGSIDE_OIDC_JWKS]
    #[arg(long, value_name = "URL")]
    oidc_jwks: Option<OsString>,

    /// Trusts these certificates (PEM) when fetching the keys [env: ALONGSIDE_OIDC_CA_FILE] [default: the system's]
    #[arg(long, value_name = "FILE")]
    oidc_ca_file: Option<OsString>,

    /// The claim that names roles, with dots where it lies deeper [env: ALONGSIDE_OIDC_ROLE_CLAIM] [default: roles]
    #[arg(long, value_name = "CLAIM")]
    oidc_role_claim: Option<OsString>,

    /// The claim that names a site's ODS code [env: ALONGSIDE_OIDC_ODS_CLAIM] [default: ods_code]
    #[arg(long, value_name = "CLAIM")]
    oidc_ods_claim: Option<OsString>,

    /// What a site's role is called there [env: ALONGSIDE_OIDC_SITE_ROLE] [default: site]
    #[arg(long, value_name = "NAME")]
    oidc_site_role: Option<OsString>,

    /// What a programme admin's role is called there [env: ALONGSIDE_OIDC_ADMIN_ROLE] [default: programme_admin]
    #[arg(long, value_name = "NAME")]
    oidc_admin_role: Option<OsString>,

    /// What a viewer's role is called there [env: ALONGSIDE_OIDC_VIEWER_ROLE] [default: viewer]
    #[arg(long, value_name = "NAME")]
    oidc_viewer_role: Option<OsString>,

    /// How far its clock may be from ours, in seconds [env: ALONGSIDE_OIDC_LEEWAY_SECONDS] [default: 60]
    #[arg(long, value_name = "NUMBER")]
    oidc_leeway_seconds: Option<OsString>,
}

impl IdentityFlags {
    /// Adds the settings given by these flags.
    #[must_use]
    pub fn add_to(self, flags: Flags) -> Flags {
        flags
            .with(Setting::OidcIssuer, self.oidc_issuer)
            .with(Setting::OidcAudience, self.oidc_audience)
            .with(Setting::OidcJwks, self.oidc_jwks)
            .with(Setting::OidcCaFile, self.oidc_ca_file)
            .with(Setting::OidcRoleClaim, self.oidc_role_claim)
            .with(Setting::OidcOdsClaim, self.oidc_ods_claim)
            .with(Setting::OidcSiteRole, self.oidc_site_role)
            .with(Setting::OidcAdminRole, self.oidc_admin_role)
            .with(Setting::OidcViewerRole, self.oidc_viewer_role)
            .with(Setting::OidcLeeway, self.oidc_leeway_seconds)
    }
}

/// The flags that say where events are sent.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Telling what happened (webhooks and e-mail)")]
pub struct DeliveryFlags {
    /// Where people find the service, for example `https://alongside.example.nhs.uk` [env: ALONGSIDE_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    public_url: Option<OsString>,

    /// Lets webhooks be in these ranges of addresses, with commas between [env: ALONGSIDE_WEBHOOK_ALLOW] [default: none]
    ///
    /// The public internet is allowed; this machine and its network are not, so that no webhook is a way into them.
    #[arg(long, value_name = "RANGES")]
    webhook_allow: Option<OsString>,

    /// Lets webhooks have an address with http:// [env: ALONGSIDE_WEBHOOK_ALLOW_HTTP] [default: false]
    #[arg(long, value_name = "CHOICE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    webhook_allow_http: Option<OsString>,

    /// The first wait before a delivery is tried again, in milliseconds, to which the others are scaled; for tests
    #[arg(long, value_name = "NUMBER", hide = true)]
    webhook_retry_ms: Option<OsString>,

    /// Sends e-mail by this server: smtps://USER:PASSWORD@HOST [env: ALONGSIDE_SMTP_URL] [default: no e-mail]
    ///
    /// A password in the URL is seen by others in the list of processes: prefer the variable for one.
    #[arg(long, value_name = "URL")]
    smtp_url: Option<OsString>,

    /// The address that e-mail is from [env: ALONGSIDE_MAIL_FROM]
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<OsString>,
}

impl DeliveryFlags {
    /// Adds the settings given by these flags.
    #[must_use]
    pub fn add_to(self, flags: Flags) -> Flags {
        flags
            .with(Setting::PublicUrl, self.public_url)
            .with(Setting::WebhookAllow, self.webhook_allow)
            .with(Setting::WebhookAllowHttp, self.webhook_allow_http)
            .with(Setting::WebhookRetryMs, self.webhook_retry_ms)
            .with(Setting::SmtpUrl, self.smtp_url)
            .with(Setting::MailFrom, self.mail_from)
    }
}

/// The flag that says where the installation's secret is, for every command that changes a database.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
pub struct SecretFlags {
    /// Where the secret is that seals the audit [env: ALONGSIDE_SECRET_FILE] [default: beside the database, with .secret]
    ///
    /// Made with the database, and needed with it from then on: keep a copy of it where the copies of the database are not.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<OsString>,
}

impl SecretFlags {
    /// Adds the settings given by these flags.
    #[must_use]
    pub fn add_to(self, flags: Flags) -> Flags {
        flags.with(Setting::SecretFile, self.secret_file)
    }
}

/// The flags that say where the data is.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args, Clone, Default)]
pub struct DatabaseFlags {
    /// Where the database is: a file for SQLite, or a postgres:// URL [env: DATABASE_URL]
    ///
    /// A password in the URL is seen by others in the list of processes: prefer the variable for one.
    #[arg(long, value_name = "URL")]
    database: Option<OsString>,
}

impl DatabaseFlags {
    /// Adds the settings given by these flags.
    #[must_use]
    pub fn add_to(self, flags: Flags) -> Flags {
        flags.with(Setting::Database, self.database)
    }
}
