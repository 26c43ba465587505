//! Holds the line between the layers, which one crate's compiler cannot: reads the sources and fails on a forbidden name.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder or file of `src`, and the names that must not stand in it.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "actix_web",
            "diesel",
            "utoipa",
            "ndarray",
            "linfa",
            "tokio",
            "std::fs",
            "std::env",
            "Utc::now",
            "crate::engine",
            "crate::storage",
            "crate::intake",
            "crate::app",
            "crate::http",
            "crate::cli",
            "crate::config",
            "crate::startup",
        ],
    ),
    (
        "engine",
        &[
            "actix_web",
            "diesel",
            "utoipa",
            "tokio",
            "std::fs",
            "std::env",
            "std::net",
            "std::time",
            "Utc::now",
            "crate::storage",
            "crate::intake",
            "crate::app",
            "crate::http",
            "crate::cli",
            "crate::config",
            "crate::startup",
        ],
    ),
    (
        "storage",
        &[
            "actix_web",
            "utoipa",
            "ndarray",
            "std::env",
            "Utc::now",
            "crate::engine",
            "crate::intake",
            "crate::app",
            "crate::http",
            "crate::cli",
            "crate::config",
            "crate::startup",
        ],
    ),
    (
        "intake",
        &[
            "actix_web",
            "diesel",
            "utoipa",
            "ndarray",
            "std::env",
            "Utc::now",
            "crate::engine",
            "crate::storage",
            "crate::app",
            "crate::http",
            "crate::cli",
            "crate::config",
            "crate::startup",
        ],
    ),
    (
        "app",
        &[
            "actix_web",
            "diesel",
            "utoipa",
            "std::env",
            "Utc::now",
            "crate::http",
            "crate::cli",
            "crate::config",
            "crate::startup",
        ],
    ),
    (
        "http",
        &[
            "diesel",
            "ndarray",
            "std::env",
            "crate::engine",
            "crate::intake",
            "crate::cli",
            "crate::config",
            "crate::startup",
        ],
    ),
    (
        "cli",
        &[
            "diesel",
            "ndarray",
            "utoipa",
            "std::env::var",
            "crate::engine",
            "crate::intake",
        ],
    ),
];

/// The files below a folder, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// The lines that are code: comments may name anything.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
}

fn forbidden_names(layer: &Path, names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in sources(layer) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in code_lines(&text) {
            for name in names.iter().filter(|name| line.contains(**name)) {
                found.push(format!("{}:{number} names {name}", path.display()));
            }
        }
    }
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn no_layer_names_what_it_must_not_know() {
    let found: Vec<String> = FORBIDDEN
        .iter()
        .flat_map(|(layer, names)| {
            let folder = src().join(layer);
            assert!(
                !sources(&folder).is_empty(),
                "the layer {layer} has no sources"
            );
            forbidden_names(&folder, names)
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_forbidden_name_is_found() {
    // The test above would pass on anything if this one did not hold.
    assert!(!forbidden_names(&src().join("storage"), &["diesel"]).is_empty());
    assert!(code_lines("// diesel").all(|(_, line)| !line.contains("diesel")));
}

#[test]
fn every_layer_is_held() {
    let layers = fs::read_dir(src())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir());
    for layer in layers {
        let name = layer.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            FORBIDDEN.iter().any(|(held, _)| *held == name),
            "nothing holds {name}"
        );
    }
}

#[test]
fn nobody_is_called_by_a_rank() {
    let words = [concat!("lea", "der"), concat!("follo", "wer")];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in [sources(&root.join("src")), sources(&root.join("tests"))].concat() {
        let text = fs::read_to_string(&path)
            .unwrap()
            .to_lowercase()
            .replace("gde_fast_follower", "");
        // "Shared leadership" is what the field calls a shared chair or chief executive, not a rank of a site.
        let text = text.replace("leadership", "");
        found.extend(
            words
                .iter()
                .filter(|w| text.contains(**w))
                .map(|w| format!("{}: {w}", path.display())),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
