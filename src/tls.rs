//! TLS of the service's own: a certificate and its key from two PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why connections cannot be protected.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the certificate cannot be read.
    #[error("cannot read a certificate from {}", .0.display())]
    Certificate(PathBuf, #[source] PemError),
    /// There is none in it.
    #[error("there is no certificate in {}", .0.display())]
    NoCertificate(PathBuf),
    /// The file of the key cannot be read.
    #[error("cannot read a private key from {}", .0.display())]
    Key(PathBuf, #[source] PemError),
    /// The two do not belong together, or are of no use.
    #[error("the certificate in {} and the key in {} cannot be used", .0.display(), .1.display())]
    Unusable(PathBuf, PathBuf, #[source] rustls::Error),
}

/// Reads the certificate, with those between it and a trusted one after it, and its key. TLS 1.2 and 1.3.
///
/// # Errors
///
/// [`TlsError`].
pub fn server(certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let unreadable = |error| TlsError::Certificate(certificate.to_owned(), error);
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .map_err(unreadable)?
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::Key(key.to_owned(), error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|versions| {
            versions
                .with_no_client_auth()
                .with_single_cert(chain, private)
        })
        .map_err(|error| TlsError::Unusable(certificate.to_owned(), key.to_owned(), error))
}
