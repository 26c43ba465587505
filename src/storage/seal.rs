//! What the service's secret does: it chains the audit and encrypts what is personal.
//!
//! Each use has a key of its own, derived from the secret by HMAC-SHA-256 over the use's name (the one-block case of HKDF's
//! expansion, RFC 5869, section 2.3: the secret is random already).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::domain::error::{Error, Result};
use crate::domain::secret::MasterSecret;

/// The keys of an installation. `Debug` shows nothing of them.
pub(super) struct Seal {
    audit: Hmac<Sha256>,
    personal: LessSafeKey,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    /// Derives the keys.
    pub(super) fn new(secret: &MasterSecret) -> Result<Self> {
        let broken = |doing| move |_| Error::Internal(doing, "the key has a wrong length".into());
        let audit = derived(secret, b"alongside audit chain v1\x01")?;
        let personal = derived(secret, b"alongside personal data v1\x01")?;
        Ok(Self {
            audit: Hmac::new_from_slice(&audit)
                .map_err(|error| Error::Internal("keying the audit", error.to_string().into()))?,
            personal: UnboundKey::new(&AES_256_GCM, &personal)
                .map(LessSafeKey::new)
                .map_err(broken("keying personal data"))?,
        })
    }

    /// The MAC of a sequence of fields for one purpose, in hexadecimal. Purpose and fields are each preceded by their length, so
    /// that no two sequences are the same bytes, and a MAC that was given for one purpose stands for no other.
    pub(super) fn mac<'a>(
        &self,
        purpose: &'static str,
        fields: impl IntoIterator<Item = Option<&'a [u8]>>,
    ) -> String {
        let mut mac = self.audit.clone();
        for field in std::iter::once(Some(purpose.as_bytes())).chain(fields) {
            match field {
                // No field is that long.
                None => mac.update(&u64::MAX.to_be_bytes()),
                Some(bytes) => {
                    mac.update(&(bytes.len() as u64).to_be_bytes());
                    mac.update(bytes);
                }
            }
        }
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }

    /// Encrypts a text that is personal or secret; `place` binds it to where it is kept, so that it cannot be moved to another
    /// row. The same text comes out differently each time.
    pub(super) fn hide(&self, place: &str, text: &str) -> Result<String> {
        let failed = |_| Error::Internal("encrypting personal data", "the cipher failed".into());
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(failed)?;
        let mut bytes = text.as_bytes().to_vec();
        self.personal
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut bytes,
            )
            .map_err(failed)?;
        Ok(BASE64.encode(&[&nonce[..], &bytes].concat()))
    }

    /// Decrypts what [`hide`](Self::hide) made for the same place; `None` where it was made with another secret, for another
    /// place, or was changed.
    pub(super) fn show(&self, place: &str, hidden: &str) -> Option<String> {
        let bytes = BASE64.decode(hidden.as_bytes()).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let text = self
            .personal
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut sealed)
            .ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// Whether two MACs are the same, in a time that does not tell where they differ.
pub(super) fn is_same_mac(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn derived(secret: &MasterSecret, name: &[u8]) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes())
        .map_err(|error| Error::Internal("deriving a key", error.to_string().into()))?;
    mac.update(name);
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(byte: u8) -> Seal {
        Seal::new(&MasterSecret::new([byte; 32])).unwrap()
    }

    #[test]
    fn what_is_hidden_is_shown_to_the_same_secret_at_the_same_place_alone() {
        let hidden = seal(1).hide("contacts/1", "a@example.org").unwrap();
        assert!(!hidden.contains("example"));
        assert_eq!(
            seal(1).show("contacts/1", &hidden).as_deref(),
            Some("a@example.org")
        );
        assert_eq!(seal(1).show("contacts/2", &hidden), None);
        assert_eq!(seal(2).show("contacts/1", &hidden), None);
        for broken in ["", "AAAA", "not base64", &hidden[4..]] {
            assert_eq!(seal(1).show("contacts/1", broken), None, "{broken}");
        }
        assert_ne!(seal(1).hide("contacts/1", "a@example.org").unwrap(), hidden);
    }

    #[test]
    fn a_mac_tells_fields_and_keys_apart() {
        let fields = |parts: &[&'static str]| {
            seal(1).mac("row", parts.iter().map(|part| Some(part.as_bytes())))
        };
        assert_eq!(fields(&["ab", "c"]), fields(&["ab", "c"]));
        assert_ne!(fields(&["ab", "c"]), fields(&["a", "bc"]));
        assert_ne!(
            seal(1).mac("row", [None]),
            seal(1).mac("row", [Some(&b""[..])])
        );
        let of_x = |byte: u8, purpose| seal(byte).mac(purpose, [Some(&b"x"[..])]);
        assert_ne!(of_x(1, "row"), of_x(2, "row"));
        assert_ne!(of_x(1, "row"), of_x(1, "head"));
        assert!(is_same_mac("ab", "ab") && !is_same_mac("ab", "ac") && !is_same_mac("ab", "a"));
    }
}
