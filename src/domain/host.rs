//! Names of hosts on the internet.

/// Whether a text names a host: labels of 1 to 63 letters, digits and hyphens, 253 characters at most (RFC 1123, section 2.1;
/// checked as UTS 46 does with `UseSTD3ASCIIRules` and `VerifyDnsLength`), in ASCII.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    idna::domain_to_ascii_strict(text).is_ok_and(|ascii| ascii.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_labels_of_letters_digits_and_hyphens() {
        for good in ["localhost", "Trust-1.nhs.uk", &"a.".repeat(126)] {
            let good = good.trim_end_matches('.');
            assert!(is_host_name(good), "{good}");
        }
        let long = "a".repeat(64);
        for bad in [
            "", ".", "a..b", ".a", "a.", "-a.uk", "a-.uk", "a_b.uk", "é.uk", "a b", "*.uk", "a%62",
            &long,
        ] {
            assert!(!is_host_name(bad), "{bad}");
        }
        assert!(!is_host_name(&"abc.".repeat(64)));
    }
}
