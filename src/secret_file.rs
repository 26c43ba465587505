//! The file that keeps the installation's secret, which only its owner may read.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::domain::secret::{MalformedSecret, MasterSecret};
use crate::storage::DatabaseUrl;

/// The file beside a server's database unless told otherwise, in the working directory.
const DEFAULT_NAME: &str = "alongside.secret";

/// The largest file that is read for a secret, in bytes; it has 65.
const MAX_BYTES: u64 = 1024;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the secret file {}", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file holds something else.
    #[error("the secret file {} does not hold a secret", .0.display())]
    Malformed(PathBuf, #[source] MalformedSecret),
    /// Others than its owner may read it.
    #[error("the secret file {} can be read by others; allow its owner alone (chmod 600)", .0.display())]
    Open(PathBuf),
    /// There is none, and the database was begun with one.
    #[error(
        "the secret file {} is not there, and the database was made with one; put it back, or say where it is with \
         --secret-file", .0.display()
    )]
    Missing(PathBuf),
    /// The file cannot be made.
    #[error("cannot make the secret file {}", .0.display())]
    NotMade(PathBuf, #[source] io::Error),
    /// The system has no randomness to give.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// Where the secret of a database is kept unless told otherwise: beside its file, with `.secret` at the end of its name; for
/// one on a server in the working directory.
#[must_use]
pub fn default_path(database: &DatabaseUrl) -> PathBuf {
    match database.file() {
        Some(file) => {
            let mut name = file.as_os_str().to_owned();
            name.push(".secret");
            PathBuf::from(name)
        }
        None => PathBuf::from(DEFAULT_NAME),
    }
}

/// Reads the secret, or makes one where there is no file.
///
/// # Errors
///
/// [`SecretError`].
pub fn read_or_make(path: &Path) -> Result<MasterSecret, SecretError> {
    match read(path) {
        Err(SecretError::Unreadable(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            make(path)
        }
        outcome => outcome,
    }
}

/// Reads the secret.
///
/// # Errors
///
/// [`SecretError`].
pub fn read(path: &Path) -> Result<MasterSecret, SecretError> {
    let unreadable = |error| SecretError::Unreadable(path.to_owned(), error);
    let file = fs::File::open(path).map_err(unreadable)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode();
        // Group read is what Kubernetes gives to a mounted secret.
        if mode & 0o007 != 0 {
            return Err(SecretError::Open(path.to_owned()));
        }
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    MasterSecret::from_hex(&text).map_err(|fault| SecretError::Malformed(path.to_owned(), fault))
}

/// Makes a new secret and its file; of two that try at once one makes it, and the other reads it.
fn make(path: &Path) -> Result<MasterSecret, SecretError> {
    let secret = random()?;
    let mut line = secret.to_hex();
    line.push('\n');
    match write_private(path, &line) {
        Ok(()) => Ok(secret),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(SecretError::NotMade(path.to_owned(), error)),
    }
}

/// Writes a text to a new file that only its owner may read, and waits until it is on the disk. Leaves no file where that
/// fails.
///
/// # Errors
///
/// Those of the system; [`io::ErrorKind::AlreadyExists`] where there is such a file, which stays as it is.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // The failure to write is the one to tell.
        fs::remove_file(path).ok();
    }
    written
}

/// A secret of the system's random bytes.
///
/// # Errors
///
/// [`SecretError::NoRandomness`].
pub fn random() -> Result<MasterSecret, SecretError> {
    random_bytes().map(MasterSecret::new)
}

/// Random bytes of the system.
///
/// # Errors
///
/// [`SecretError::NoRandomness`].
pub fn random_bytes<const N: usize>() -> Result<[u8; N], SecretError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_unspecified| SecretError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.secret");
        let made = read_or_make(&path).unwrap();
        assert_eq!(read_or_make(&path).unwrap().bytes(), made.bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let permissions = fs::metadata(&path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(read(&path), Err(SecretError::Open(_))));
        }
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.secret");
        assert!(matches!(read(&path), Err(SecretError::Unreadable(..))));
        let secret = make(&path).unwrap();
        fs::write(&path, &secret.to_hex()[1..]).unwrap();
        assert!(matches!(
            read_or_make(&path),
            Err(SecretError::Malformed(..))
        ));
    }
}
