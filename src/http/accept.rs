//! Whether a client takes what an answer is (RFC 9110, section 12.5.1).

use actix_web::http::header::{ACCEPT, HeaderMap};

/// Whether `application/json` is acceptable.
pub(crate) fn takes_json(headers: &HeaderMap) -> bool {
    takes(headers, "application/json")
}

/// Whether a media type is acceptable: no `Accept` header, or its closest range has a quality above 0.
pub(crate) fn takes(headers: &HeaderMap, media_type: &str) -> bool {
    let family = media_type.split('/').next().unwrap_or_default();
    let mut ranges = headers
        .get_all(ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','))
        .peekable();
    if ranges.peek().is_none() {
        return true;
    }
    let mut closest: Option<(u8, bool)> = None;
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let closeness = match name {
            "*/*" => 0,
            _ if name.eq_ignore_ascii_case(media_type) => 2,
            _ if name
                .strip_suffix("/*")
                .is_some_and(|of| of.eq_ignore_ascii_case(family)) =>
            {
                1
            }
            _ => continue,
        };
        let taken = parts.all(|parameter| !is_zero_quality(parameter));
        if closest.is_none_or(|(other, _)| closeness >= other) {
            closest = Some((closeness, taken));
        }
    }
    closest.is_some_and(|(_, taken)| taken)
}

fn is_zero_quality(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    name.trim().eq_ignore_ascii_case("q")
        && value
            .trim()
            .parse::<f64>()
            .is_ok_and(|quality| quality <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn takes(accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        takes_json(&headers)
    }

    #[test]
    fn the_closest_range_decides() {
        assert!(takes_json(&HeaderMap::new()));
        for accept in [
            "*/*",
            "application/json",
            "text/html, application/*;q=0.5",
            "Application/JSON; charset=utf-8",
            "application/problem+json, */*;q=0.1",
        ] {
            assert!(takes(accept), "{accept}");
        }
        for accept in [
            "text/html",
            "application/json;q=0, */*",
            "application/xml",
            "*/*;q=0.0",
        ] {
            assert!(!takes(accept), "{accept}");
        }
    }
}
