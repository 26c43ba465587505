//! The one secret of an installation, from which its keys are derived.

use std::fmt;

use zeroize::Zeroizing;

/// 32 random bytes that an installation keeps outside its database. They seal the audit and encrypt personal data; who has
/// them and the database has both.
///
/// `Debug` shows nothing of it, and the memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct MasterSecret(Zeroizing<[u8; Self::N_BYTES]>);

/// Why a text is not a secret; it repeats none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret is 64 hexadecimal digits")]
pub struct MalformedSecret;

impl MasterSecret {
    /// How many bytes it has.
    pub const N_BYTES: usize = 32;

    /// Takes 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; Self::N_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads 64 hexadecimal digits; space around them does not matter.
    ///
    /// # Errors
    ///
    /// [`MalformedSecret`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, MalformedSecret> {
        let text = text.trim().as_bytes();
        let mut bytes = Zeroizing::new([0; Self::N_BYTES]);
        if text.len() != 2 * Self::N_BYTES {
            return Err(MalformedSecret);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }

    /// The secret as 64 hexadecimal digits, for the file that keeps it.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Zeroizing::new(digits.map(|d| char::from(DIGITS[usize::from(d)])).collect())
    }

    /// The bytes, for who derives keys.
    #[must_use]
    pub fn bytes(&self) -> &[u8; Self::N_BYTES] {
        &self.0
    }
}

fn digit(byte: u8) -> Result<u8, MalformedSecret> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(MalformedSecret),
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_and_read_again() {
        let secret = MasterSecret::new(std::array::from_fn(|i| u8::try_from(i * 7).unwrap()));
        let text = secret.to_hex();
        assert_eq!(text.len(), 64);
        assert_eq!(
            MasterSecret::from_hex(&format!(" {}\n", text.as_str()))
                .unwrap()
                .bytes(),
            secret.bytes()
        );
        assert_eq!(
            MasterSecret::from_hex(&text.to_uppercase())
                .unwrap()
                .bytes(),
            secret.bytes()
        );
        for bad in ["", "00", &text[1..], &format!("g{}", &text[1..])] {
            assert!(MasterSecret::from_hex(bad).is_err());
        }
    }

    #[test]
    fn nothing_of_a_secret_is_shown() {
        assert_eq!(
            format!("{:?}", MasterSecret::new([0xAB; 32])),
            "MasterSecret(…)"
        );
    }
}
