//! Names in addresses, made from names in sentences.

use crate::domain::ids::Slug;

/// The longest slug that is made from a name, in characters: shorter than a slug may be, so that a number fits behind it.
const MAX_MADE_LEN: usize = 56;

/// Makes the slug of a name: its ASCII letters, small, and its digits, with one `between` for whatever stands between them.
/// `None` where the name has none of them. A slug that `is_taken` gets a number behind it, from 2.
#[must_use]
pub fn of_name(name: &str, between: char, is_taken: impl Fn(&Slug) -> bool) -> Option<Slug> {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut text = words.join(&between.to_string());
    text.truncate(MAX_MADE_LEN);
    let text = text.trim_end_matches(between);
    let first = Slug::new(text).ok()?;
    if !is_taken(&first) {
        return Some(first);
    }
    (2..=9999_u32)
        .filter_map(|n| Slug::new(&format!("{text}{between}{n}")).ok())
        .find(|slug| !is_taken(slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_the_name_in_small_letters() {
        let free = |_: &Slug| false;
        let slug = |name: &str| of_name(name, '-', free).map(|slug| slug.to_string());
        assert_eq!(
            slug(" EPIC user group (UK & Ireland) ").as_deref(),
            Some("epic-user-group-uk-ireland")
        );
        assert_eq!(slug("éè – !"), None);
        assert!(slug(&"a b ".repeat(100)).is_some_and(|slug| slug.len() <= MAX_MADE_LEN));
    }

    #[test]
    fn a_taken_slug_gets_a_number() {
        let is_taken = |slug: &Slug| ["a_b", "a_b_2"].contains(&slug.as_str());
        assert_eq!(
            of_name("A b", '_', is_taken)
                .map(|slug| slug.to_string())
                .as_deref(),
            Some("a_b_3")
        );
    }
}
