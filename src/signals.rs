//! The signals that a service is stopped with.

use std::io;
#[cfg(unix)]
use std::task::Poll;

use actix_web::rt;

use crate::startup::StartError;

/// The signals that end a run. From when they are made, none of them ends the process by itself.
pub struct Signals {
    #[cfg(unix)]
    each: Vec<(&'static str, rt::signal::unix::Signal)>,
}

impl Signals {
    /// SIGINT and SIGTERM: what a service is stopped with. In an actix runtime.
    ///
    /// # Errors
    ///
    /// [`StartError::Serve`] where the system does not let us wait for them.
    pub fn of_a_service() -> Result<Self, StartError> {
        Self::new().map_err(StartError::Serve)
    }

    /// Those, and SIGHUP: the terminal was closed, which a service that runs under `nohup` must outlive.
    ///
    /// # Errors
    ///
    /// [`StartError::Serve`] where the system does not let us wait for them.
    pub fn of_a_terminal() -> Result<Self, StartError> {
        let signals = Self::new();
        #[cfg(unix)]
        let signals = signals
            .and_then(|signals| signals.and("SIGHUP", rt::signal::unix::SignalKind::hangup()));
        signals.map_err(StartError::Serve)
    }

    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use rt::signal::unix::SignalKind;

        Self { each: Vec::new() }
            .and("SIGINT", SignalKind::interrupt())?
            .and("SIGTERM", SignalKind::terminate())
    }

    #[cfg(unix)]
    fn and(mut self, name: &'static str, kind: rt::signal::unix::SignalKind) -> io::Result<Self> {
        self.each.push((name, rt::signal::unix::signal(kind)?));
        Ok(self)
    }

    /// Waits for the next of them; its name.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> &'static str {
        std::future::poll_fn(|context| {
            for (name, signal) in &mut self.each {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*name);
                }
            }
            Poll::Pending
        })
        .await
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for Ctrl-C, the one there is.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> &'static str {
        if rt::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
