//! Callers that an identity provider vouches for: bearer tokens (JWT, RFC 7519) beside keys of our own.
//!
//! A token is taken where a key of the provider signed it, with an algorithm of two keys; where it names our issuer and our
//! audience; where it is neither too early nor too late; and where it gives a role of this service. What was verified is kept
//! by the hash of the token, so that the next request of the same caller costs a look.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::app::identity_keys::{KeySource, KeySourceError, MIN_BETWEEN, SigningKeys};
use crate::domain::api_key::KeyHash;
use crate::domain::caller::{Caller, CallerId, Role};
use crate::domain::ids::OdsCode;

/// The algorithms that are taken: those where who verifies cannot sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The longest token that is read, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The longest subject, in bytes (`OpenID` Connect Core 1.0, section 2).
const MAX_SUBJECT_BYTES: usize = 255;

/// How many verified tokens are kept; a kept one has about 200 bytes.
const MAX_KEPT: usize = 4096;

/// Which tokens are taken, and how they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySettings {
    /// Who issues them, to the letter.
    pub issuer: String,
    /// Whom they are for: one of these.
    pub audiences: Vec<String>,
    /// Where the keys are that sign them.
    pub keys: KeySource,
    /// The claim that names roles: a name, or names with dots between where it lies deeper.
    pub role_claim: String,
    /// The claim that names a site's ODS code, in the same form.
    pub ods_claim: String,
    /// What roles are called.
    pub roles: RoleNames,
    /// How far the clocks may be apart.
    pub leeway: TimeDelta,
}

/// What the identity provider calls our roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleNames {
    /// A site.
    pub site: String,
    /// A programme admin.
    pub programme_admin: String,
    /// A viewer.
    pub viewer: String,
}

/// Why a token is not taken; the words are for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// No key that is known signed it; one that is new may have.
    UnknownKey,
    /// It is not good.
    Bad(&'static str),
    /// It is good, but gives no role here.
    NoRole,
}

/// Somebody whom the identity provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who, and as what.
    pub caller: Caller,
    /// Until when the token is good.
    pub expires_at: DateTime<Utc>,
}

/// A token that was verified.
struct Verified {
    identity: Identity,
    not_before: Option<DateTime<Utc>>,
    generation: u64,
}

/// Verifies tokens of one identity provider.
pub struct Identities {
    settings: IdentitySettings,
    keys: Arc<SigningKeys>,
    verified: Cache<KeyHash, Arc<Verified>>,
}

impl Identities {
    /// Reads the provider's keys. Blocking.
    ///
    /// # Errors
    ///
    /// [`KeySourceError`] where a file of keys cannot be read. An address that does not answer is asked again later.
    pub fn open(settings: IdentitySettings, now: DateTime<Utc>) -> Result<Self, KeySourceError> {
        Ok(Self {
            keys: Arc::new(SigningKeys::open(settings.keys.clone(), now)?),
            settings,
            verified: Cache::new(MAX_KEPT),
        })
    }

    /// Reads the provider's keys again, which may have changed.
    pub async fn refresh(&self, now: DateTime<Utc>) {
        self.keys.refresh(now, TimeDelta::zero()).await;
    }

    /// The caller that a token is of. Where the token was signed with a key that is not known, the keys are read again, though
    /// not more often than every 30 s.
    ///
    /// # Errors
    ///
    /// [`TokenFault`].
    pub async fn find(&self, token: &str, now: DateTime<Utc>) -> Result<Identity, TokenFault> {
        match self.verify(token, now) {
            Err(TokenFault::UnknownKey) => {
                self.keys.refresh(now, MIN_BETWEEN).await;
                self.verify(token, now)
            }
            outcome => outcome,
        }
    }

    /// The same with the keys there are.
    ///
    /// # Errors
    ///
    /// [`TokenFault`].
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Identity, TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Bad("it is too long"));
        }
        let keys = self.keys.held();
        let hash = KeyHash::of(token);
        let kept = self
            .verified
            .get(&hash)
            .filter(|kept| kept.generation == keys.generation);
        if let Some(kept) = kept {
            self.check_time(&kept, now)?;
            return Ok(kept.identity.clone());
        }
        let header = decode_header(token)
            .map_err(|_unreadable| TokenFault::Bad("its header cannot be read"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(TokenFault::Bad("its algorithm is not taken"));
        }
        if header.crit.is_some() {
            return Err(TokenFault::Bad("it asks for what is not understood"));
        }
        let key = keys
            .find(header.kid.as_deref(), header.alg)
            .ok_or(TokenFault::UnknownKey)?;
        let claims = decode::<Map<String, Value>>(token, key, &self.validation(header.alg))
            .map_err(|_unreadable| {
                TokenFault::Bad("its signature, issuer or audience is not the right one")
            })?
            .claims;
        let verified = self.read(&claims, keys.generation)?;
        self.check_time(&verified, now)?;
        let identity = verified.identity.clone();
        self.verified.insert(hash, Arc::new(verified));
        Ok(identity)
    }

    /// What the library checks. Times are checked here, by the service's own clock.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&self.settings.audiences);
        validation
    }

    fn check_time(&self, token: &Verified, now: DateTime<Utc>) -> Result<(), TokenFault> {
        let leeway = self.settings.leeway;
        if now - leeway >= token.identity.expires_at {
            Err(TokenFault::Bad("it expired"))
        } else if token.not_before.is_some_and(|from| now + leeway < from) {
            Err(TokenFault::Bad("it is not good yet"))
        } else {
            Ok(())
        }
    }

    fn read(&self, claims: &Map<String, Value>, generation: u64) -> Result<Verified, TokenFault> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let (Some(issuer), Some(subject)) = (text("iss"), text("sub")) else {
            return Err(TokenFault::Bad("its issuer or subject is no text"));
        };
        if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES {
            return Err(TokenFault::Bad("its subject is empty or too long"));
        }
        let expires_at = claims
            .get("exp")
            .and_then(numeric_date)
            .ok_or(TokenFault::Bad("its expiry is no time"))?;
        let not_before = match claims.get("nbf") {
            None => None,
            Some(value) => {
                Some(numeric_date(value).ok_or(TokenFault::Bad("its beginning is no time"))?)
            }
        };
        let role = self.role(claims)?;
        let mut digest = Sha256::new();
        digest.update(issuer.as_bytes());
        digest.update([0]);
        digest.update(subject.as_bytes());
        Ok(Verified {
            identity: Identity {
                caller: Caller {
                    id: CallerId::of_identity(&HEXLOWER.encode(&digest.finalize())),
                    role,
                },
                expires_at,
            },
            not_before,
            generation,
        })
    }

    /// The role that a token gives: the strongest of those it names.
    fn role(&self, claims: &Map<String, Value>) -> Result<Role, TokenFault> {
        let named = at(claims, &self.settings.role_claim);
        let names = |role: &str| match named {
            Some(Value::String(name)) => name == role,
            Some(Value::Array(names)) => names.iter().any(|name| name.as_str() == Some(role)),
            Some(_) | None => false,
        };
        let roles = &self.settings.roles;
        if names(&roles.programme_admin) {
            Ok(Role::ProgrammeAdmin)
        } else if names(&roles.site) {
            at(claims, &self.settings.ods_claim)
                .and_then(Value::as_str)
                .and_then(|code| OdsCode::new(code).ok())
                .map(Role::Site)
                .ok_or(TokenFault::NoRole)
        } else if names(&roles.viewer) {
            Ok(Role::Viewer)
        } else {
            Err(TokenFault::NoRole)
        }
    }
}

/// The claim of a name; where none has it, the one that the name leads to with a dot between each two levels.
fn at<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    rest.split('.')
        .try_fold(claims.get(first)?, |value, part| value.get(part))
}

/// Seconds since 1970 (RFC 7519, section 2); parts of a second are left out.
fn numeric_date(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_number()?.to_string();
    let whole = text.split('.').next()?;
    DateTime::from_timestamp(whole.parse().ok()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_may_lie_deeper_and_its_own_name_may_have_dots() {
        let claims = json!({ "realm_access": { "roles": ["a"] }, "https://x.org/role": "b" });
        let claims = claims.as_object().unwrap();
        assert_eq!(at(claims, "realm_access.roles"), Some(&json!(["a"])));
        assert_eq!(at(claims, "https://x.org/role"), Some(&json!("b")));
        assert_eq!(at(claims, "realm_access.groups"), None);
        assert_eq!(at(claims, "roles"), None);
    }

    #[test]
    fn a_numeric_date_is_a_number_of_seconds() {
        let at = |value| numeric_date(&value).map(|at| at.timestamp());
        assert_eq!(at(json!(1_795_305_600)), Some(1_795_305_600));
        assert_eq!(at(json!(1_795_305_600.75)), Some(1_795_305_600));
        for bad in [json!("1795305600"), json!(1e300), json!(null)] {
            assert_eq!(at(bad), None);
        }
    }
}
