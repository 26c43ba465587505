//! What vendors of core systems are called: one name for each, and the other names by which people know them.

use std::collections::BTreeMap;

/// How people write that a system is nobody's product.
const UNNAMED: &str = "In-house or generic";

/// A vendor, by the name that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendor {
    /// The name under which its systems are recorded.
    pub name: String,
    /// Other names that stand for it, products among them; sorted.
    pub aliases: Vec<String>,
}

/// What another name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The other name.
    pub alias: String,
    /// The vendor, by whatever name.
    pub vendor: String,
    /// Whether the other name is that of a product.
    pub is_product: bool,
}

/// Who supplies a system, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplier {
    /// The vendor; `None` for an unnamed system, which is like no other.
    pub vendor: Option<String>,
    /// The product that the given name was in truth; `None` where it was that of a vendor.
    pub product: Option<String>,
}

/// The vendors that are known, and how their names are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vendors {
    names: BTreeMap<String, String>,
    aliases: BTreeMap<String, Alias>,
}

impl Vendors {
    /// The vendors of these names, and those that aliases stand for. A name that is a vendor's own is no alias of another, and
    /// an alias of an alias stands for the same vendor.
    #[must_use]
    pub fn new(
        names: impl IntoIterator<Item = String>,
        aliases: impl IntoIterator<Item = Alias>,
    ) -> Self {
        let own = |name: String| (key(&name), name);
        let mut vendors = Self {
            names: names.into_iter().map(own).collect(),
            aliases: BTreeMap::new(),
        };
        vendors.names.remove(&key(UNNAMED));
        for alias in aliases {
            let text = key(&alias.alias);
            if !vendors.names.contains_key(&text) {
                vendors.aliases.insert(text, alias);
            }
        }
        // What nothing else is called is a name of its own.
        let targets: Vec<String> = vendors.aliases.values().map(|a| a.vendor.clone()).collect();
        for target in targets {
            if !vendors.aliases.contains_key(&key(&target)) {
                vendors.names.entry(key(&target)).or_insert(target);
            }
        }
        vendors
    }

    /// Reads who supplies a system: an alias becomes the name that counts, letters of either case are the same, and a name
    /// that is not known stays as it is written, with single spaces. `In-house or generic` is no vendor.
    #[must_use]
    pub fn read(&self, text: &str) -> Supplier {
        let mut name = single_spaced(text);
        let mut product = None;
        // An alias leads to a name in as many steps as there are aliases, or it leads round in a circle.
        for _ in 0..=self.aliases.len() {
            if let Some(known) = self.names.get(&key(&name)) {
                name.clone_from(known);
                break;
            }
            let Some(alias) = self.aliases.get(&key(&name)) else {
                break;
            };
            if alias.is_product && product.is_none() {
                product = Some(alias.alias.clone());
            }
            name.clone_from(&alias.vendor);
        }
        let is_named = !name.is_empty() && key(&name) != key(UNNAMED);
        Supplier {
            vendor: is_named.then_some(name),
            product,
        }
    }

    /// Returns the vendors, ordered by name without regard to case.
    #[must_use]
    pub fn list(&self) -> Vec<Vendor> {
        let mut by_name: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for alias in self.aliases.values() {
            if let Some(vendor) = self.read(&alias.alias).vendor
                && let Some(name) = self.names.get(&key(&vendor))
            {
                by_name.entry(name).or_default().push(alias.alias.clone());
            }
        }
        self.names
            .values()
            .map(|name| Vendor {
                name: name.clone(),
                aliases: by_name.remove(name.as_str()).unwrap_or_default(),
            })
            .collect()
    }
}

/// A text with single spaces between its words and none around them.
#[must_use]
pub fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is the same of names that differ in case and spaces alone.
fn key(name: &str) -> String {
    single_spaced(name).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendors() -> Vendors {
        let alias = |alias: &str, vendor: &str, is_product| Alias {
            alias: alias.to_owned(),
            vendor: vendor.to_owned(),
            is_product,
        };
        Vendors::new(
            ["Oracle Health (Cerner)", "Epic", "In-house or generic"].map(str::to_owned),
            [
                alias("Cerner", "Oracle Health (Cerner)", false),
                alias("Millennium", "Cerner", true),
                alias("Epic", "Somebody", false),
                alias("RiO", "The Access Group", true),
                alias("Left", "Right", false),
                alias("Right", "Left", false),
            ],
        )
    }

    fn vendor(text: &str) -> Option<String> {
        vendors().read(text).vendor
    }

    #[test]
    fn an_alias_becomes_the_name_that_counts() {
        let name = Some("Oracle Health (Cerner)".to_owned());
        for text in [
            "Cerner",
            " cerner ",
            "CERNER",
            "oracle  health (cerner)",
            "Millennium",
        ] {
            assert_eq!(vendor(text), name, "{text}");
        }
        assert_eq!(vendor("rio").as_deref(), Some("The Access Group"));
    }

    #[test]
    fn a_name_of_a_vendors_own_is_no_alias_of_another() {
        assert_eq!(vendor("epic").as_deref(), Some("Epic"));
    }

    #[test]
    fn the_name_of_a_product_is_kept_as_the_product() {
        assert_eq!(
            vendors().read("millennium").product.as_deref(),
            Some("Millennium")
        );
        assert_eq!(vendors().read("Cerner").product, None);
    }

    #[test]
    fn an_unknown_vendor_stays_as_it_is_written() {
        assert_eq!(vendor("  New\t Supplier "), Some("New Supplier".to_owned()));
    }

    #[test]
    fn what_is_built_in_house_has_no_vendor() {
        assert_eq!(vendor("in-house OR generic"), None);
        assert_eq!(vendor("  "), None);
    }

    #[test]
    fn aliases_in_a_circle_come_to_an_end() {
        assert!(vendor("Left").is_some());
    }

    #[test]
    fn the_list_has_each_vendor_once_with_its_aliases() {
        let list = vendors().list();
        let names: Vec<_> = list.iter().map(|vendor| vendor.name.as_str()).collect();
        assert_eq!(
            names,
            ["Epic", "Oracle Health (Cerner)", "The Access Group"]
        );
        assert_eq!(list[1].aliases, ["Cerner", "Millennium"]);
    }
}
