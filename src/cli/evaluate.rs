//! `alongside evaluate`: where historical partners stand in each other's lists.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Args;

use crate::app::Alongside;
use crate::app::evaluation::pairs;
use crate::cli::Now;
use crate::cli::columns::{fitted, wrapped};
use crate::cli::failure::Failure;
use crate::cli::flags::DatabaseFlags;
use crate::cli::stdout::print;
use crate::cli::suggest::{day, weights};
use crate::config::{Config, Flags};
use crate::domain::evaluation::{
    CONFIDENCE, Evaluation, EvaluationRequest, Figure, HistoricalPair, RESAMPLES, RankingFigures,
};
use crate::domain::link::LinkKind;
use crate::domain::programme::Weights;
use crate::http;
use crate::startup::{self, TemporaryDatabase};

/// Shows where historical partners stand in each other's lists, beside simpler rankings
///
/// Reads pairs from a file of comma-separated values, of which the first two columns whose names end in _ods hold the codes, or takes the
/// bundled pairs of the Global Digital Exemplar programme. Links between two of a pair count for nobody. Codes of the past are those of
/// whoever took over. Reads the configured database and changes nothing in it; without one, the bundled open data.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside evaluate
  alongside evaluate pairs.csv --exclude-kind programme_pairing --svg evaluation.svg
  alongside evaluate --weights core_system=0.6,geography=0.4 --json")]
pub struct Evaluate {
    /// The file of pairs [default: the bundled pairs]
    #[arg(value_name = "PAIRS.csv")]
    file: Option<PathBuf>,

    /// A kind of link that counts for nobody, for example programme_pairing; may be given several times
    #[arg(long, value_name = "KIND")]
    exclude_kind: Vec<LinkKind>,

    /// How much each criterion counts, as CRITERION=NUMBER with commas between [default: the programme's weights]
    #[arg(long, value_name = "WEIGHTS", value_parser = weights)]
    weights: Option<Weights>,

    /// The day on which ages are counted, as YYYY-MM-DD [default: today, UTC]
    #[arg(long, value_name = "DATE", value_parser = day)]
    as_of: Option<NaiveDate>,

    /// The seed of the intervals
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    seed: u32,

    /// Draws the hit rates and the mean reciprocal rank into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Prints JSON, the same as the service answers
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: DatabaseFlags,
}

impl Evaluate {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        self.database.clone().add_to(flags)
    }

    /// Prints the figures.
    ///
    /// # Errors
    ///
    /// [`Failure::Pairs`] and [`Failure::File`] for the file, [`Failure::Answer`] where nothing can be evaluated,
    /// [`Failure::Config`], [`Failure::Database`], [`Failure::Start`], [`Failure::Written`] and [`Failure::Output`].
    pub fn run(&self, config: &Config, now: Now) -> Result<(), Failure> {
        let request = EvaluationRequest {
            pairs: self.pairs()?,
            exclude_kinds: self.exclude_kind.clone(),
            weights: self.weights,
            as_of: self.as_of.unwrap_or_else(|| now().date_naive()),
            seed: self.seed.into(),
        };
        match config.database()? {
            Some(database) => {
                let alongside = startup::open_to_read(&database.url, now())
                    .map_err(|error| Failure::of_database(error, database))?;
                self.answer(&alongside, &request)
            }
            None => {
                let database = TemporaryDatabase::open(now())?;
                let outcome = self.answer(database.alongside(), &request);
                database.remove();
                outcome
            }
        }
    }

    fn pairs(&self) -> Result<Vec<HistoricalPair>, Failure> {
        let Some(file) = &self.file else {
            return pairs::bundled().map_err(Failure::Answer);
        };
        let text = text_of(file).map_err(|error| Failure::File(file.clone(), error))?;
        pairs::read(&text).map_err(|why| Failure::Pairs {
            file: file.clone(),
            why,
        })
    }

    fn answer(&self, alongside: &Alongside, request: &EvaluationRequest) -> Result<(), Failure> {
        let found = alongside
            .evaluate_blocking(request)
            .map_err(Failure::Answer)?;
        if let Some(file) = &self.svg {
            std::fs::write(file, http::evaluation_picture(&found))
                .map_err(|error| Failure::Written(file.clone(), error))?;
        }
        if !self.json {
            return print(&in_words(&found));
        }
        let mut json = http::evaluation_json(found).map_err(Failure::Json)?;
        json.push('\n');
        print(&json)
    }
}

/// Reads a file that is no larger than one of pairs may be.
fn text_of(file: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let opened = std::fs::File::open(file)?;
    opened
        .take(pairs::MAX_BYTES + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > pairs::MAX_BYTES {
        let words = format!("it has more than {} bytes", pairs::MAX_BYTES);
        return Err(std::io::Error::other(words));
    }
    Ok(text)
}

/// The columns of the name of a ranking, and of a figure with its interval.
const NAME: usize = 14;
const FIGURE: usize = 17;

fn in_words(found: &Evaluation) -> String {
    let mut text = String::new();
    let n_candidates = found
        .cases
        .iter()
        .map(|case| case.n_candidates)
        .max()
        .unwrap_or(0);
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{} pairs, each from both sides, among up to {n_candidates} candidates; {} links left out; as of {}",
        found.n_pairs, found.n_links_removed, found.as_of
    );
    let _ = writeln!(
        text,
        "in brackets {:.0} % intervals: {RESAMPLES} resamples of pairs, seed {}\n",
        CONFIDENCE * 100.0,
        found.seed
    );
    let heads = [
        "hit at 1",
        "hit at 3",
        "hit at 10",
        "mean recip. rank",
        "median rank",
    ];
    let heads: String = heads.iter().map(|head| fitted(head, FIGURE)).collect();
    let _ = writeln!(text, "{}{}", fitted("", NAME), heads.trim_end());
    for figures in &found.figures {
        let _ = writeln!(text, "{}", row(figures));
    }
    text.push_str("\nmean reciprocal rank of alongside less that of\n");
    for figures in found.figures.iter().skip(1) {
        let Figure { value, low, high } = figures.alongside_ahead_by;
        let name = figures.ranking.as_str().replace('_', " ");
        let _ = writeln!(
            text,
            "  {}{value:+.2} [{low:+.2} {high:+.2}]",
            fitted(&name, NAME)
        );
    }
    if !found.left_out.is_empty() {
        text.push_str("\nleft out\n");
    }
    for (pair, why) in &found.left_out {
        let _ = writeln!(
            text,
            "  {:>4}  {} {}  {why}",
            pair.at, pair.ends.0, pair.ends.1
        );
    }
    text.push('\n');
    text.push_str(&wrapped("", Evaluation::READING));
    text
}

fn row(figures: &RankingFigures) -> String {
    let name = figures.ranking.as_str().replace('_', " ");
    let share =
        |figure: &Figure| format!("{:.2} [{:.2} {:.2}]", figure.value, figure.low, figure.high);
    let rank =
        |figure: &Figure| format!("{:.1} [{:.1} {:.1}]", figure.value, figure.low, figure.high);
    let mut line = fitted(&name, NAME);
    for figure in figures
        .hit_rates
        .iter()
        .chain([&figures.mean_reciprocal_rank])
    {
        line.push_str(&fitted(&share(figure), FIGURE));
    }
    line.push_str(&rank(&figures.median_rank));
    line
}
