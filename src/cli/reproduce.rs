//! `alongside suggest --from`: a list worked out again from the file of its workings, without any database.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::app;
use crate::cli::failure::Failure;
use crate::cli::stdout::print;
use crate::domain::firmness::Draws;
use crate::domain::interval::Interval;
use crate::domain::suggestion::{Limit, METHOD_VERSION};
use crate::domain::workings::Workings;
use crate::http;

/// The most bytes that are read: a file of the most candidates takes a quarter of it.
const MAX_BYTES: u64 = 32 << 20;

/// Reads the file, works the list out again, compares, and prints it.
///
/// # Errors
///
/// [`Failure::File`] where it cannot be read; [`Failure::Workings`] where it is no such file, or something in it does not follow
/// from its inputs; [`Failure::Output`].
pub fn run(file: &Path, limit: Limit) -> Result<(), Failure> {
    let workings = read(file)?;
    app::workings::check(&workings).map_err(|difference| wrong(file, difference.to_string()))?;
    print(&told(&workings, limit))
}

fn wrong(file: &Path, why: String) -> Failure {
    Failure::Workings {
        file: file.to_owned(),
        why,
    }
}

fn read(file: &Path) -> Result<Workings, Failure> {
    let failed = |error| Failure::File(file.to_owned(), error);
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    opened
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(wrong(
            file,
            format!("it has more than {} MiB", MAX_BYTES >> 20),
        ));
    }
    let text =
        std::str::from_utf8(&bytes).map_err(|_fault| wrong(file, "it is no text".to_owned()))?;
    http::read_workings(text).map_err(|why| wrong(file, why))
}

/// The list in words, at most 100 columns wide.
fn told(workings: &Workings, limit: Limit) -> String {
    let seeker = &workings.seeker;
    let name: String = seeker.name.chars().take(60).collect();
    let mut text = format!(
        "Partners for {} {name}, worked out again\n",
        seeker.ods_code
    );
    let method = &workings.method;
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        text,
        "as of {}, data revision {}, method {METHOD_VERSION}, {} draws from seed {}\n",
        workings.as_of,
        workings.revision.0,
        method.firmness.draws.count(),
        method.firmness.seed
    );
    let _ = writeln!(
        text,
        "  #  Code          Mutual fit  low–high   First  Your fit"
    );
    for (rank, place) in (1..).zip(&workings.answered).take(limit.count()) {
        let first = place.firmness.map_or_else(
            || "-".to_owned(),
            |firmness| format!("{:.2}", firmness.first),
        );
        let bounds = |fit: Interval| format!("{:.2}–{:.2}", fit.low(), fit.high());
        let _ = writeln!(
            text,
            "{rank:>3}  {:<12}        {:.2}  {}  {first:>5}      {:.2}",
            place.ods_code.to_string(),
            place.mutual_fit.expected(),
            bounds(place.mutual_fit),
            place.your_fit.expected()
        );
    }
    let _ = writeln!(
        text,
        "\nEvery fit and every place of {} candidates follows from the file.",
        workings.answered.len()
    );
    if method.firmness.draws != Draws::NONE {
        let _ = writeln!(
            text,
            "So does how firm each is where the other side's fit is drawn as one number. What the list showed,\n\
             with the other sides' own weights, differs from that by at most {:.3}.",
            furthest(workings)
        );
    }
    text
}

/// How far the shares of first places that the list showed are from those of the file, at most.
fn furthest(workings: &Workings) -> f64 {
    let both = workings.answered.iter().zip(&workings.shown);
    let apart = both
        .filter_map(|(place, shown)| Some((place.firmness?.first - shown.as_ref()?.first).abs()));
    apart.fold(0.0, f64::max)
}
