//! Who is seen, asked and partnered how often: what tells programme admins whether a few carry the many (DESIGN 4.11).

use std::sync::Arc;

use chrono::NaiveDate;

use crate::domain::ids::{OdsCode, Revision};
use crate::domain::organisation::Board;
use crate::domain::price::Prices;

/// How many suggestions of each seeker count: those that its first answer shows (DESIGN 4.11).
pub const TOP: usize = 10;

/// Where the bands of distances begin, in km; the first begins at 0, the last has no end.
pub const BANDS_KM: [f64; 5] = [0.0, 25.0, 50.0, 100.0, 200.0];

/// The most organisations for which all top tens are worked out: time grows with the square, to some seconds here.
pub const MAX_ORGANISATIONS: usize = 5000;

/// The smallest group of which a number is shown: in a smaller one it tells of single organisations.
pub const MIN_GROUP: u32 = 5;

/// How many pairs lie in each band of [`BANDS_KM`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DistanceMix {
    /// By band.
    pub bands: [u32; BANDS_KM.len()],
    /// Where a position is not known.
    pub unknown: u32,
}

/// How many pairs give the same care.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettingMix {
    /// With a care setting in common.
    pub same: u32,
    /// Without one.
    pub cross: u32,
    /// Where the care of one of the two is not recorded.
    pub unknown: u32,
}

/// How far apart and how alike the two of some pairs are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairMix {
    /// By distance.
    pub distances: DistanceMix,
    /// By care settings.
    pub settings: SettingMix,
}

/// How an organisation is seen by all the others.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteExposure {
    /// Its code.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: String,
    /// Its integrated care board.
    pub icb: Option<Arc<Board>>,
    /// Its NHS region.
    pub region: Option<Arc<Board>>,
    /// In how many top tens it stands.
    pub in_degree: u32,
    /// The load of DESIGN 4.11: the sum of `1 / log2(1 + rank)` over those top tens.
    pub load: f64,
    /// The share of the programme's weights for which its own facts are recorded, `0..=1`.
    pub share_known: f64,
    /// Whether anything can be suggested to it: some weighted criterion applies.
    pub can_ask: bool,
}

/// All top tens at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// Of which data.
    pub revision: Revision,
    /// The day on which ages were counted.
    pub as_of: NaiveDate,
    /// The active organisations by code.
    pub sites: Vec<SiteExposure>,
    /// The share of suggestions that are returned: the other one's top ten has the seeker too. `None` where there is none.
    pub reciprocity: Option<f64>,
    /// Of seekers and those in their top tens.
    pub mix: PairMix,
}

/// How a count is spread over organisations.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The sum.
    pub total: u32,
    /// The greatest.
    pub max: u32,
    /// The mean; `None` over nobody.
    pub mean: Option<f64>,
    /// How unequal it is, from 0 for all alike; `None` over nobody.
    pub gini: Option<f64>,
    /// How many organisations have each count, by count.
    pub distribution: Vec<(u32, u32)>,
    /// Those with the greatest counts, at most [`TOP`], without those that have none.
    pub most: Vec<(OdsCode, u32)>,
}

impl Spread {
    /// The organisations without any.
    #[must_use]
    pub fn n_without(&self) -> u32 {
        let zero = self.distribution.iter().find(|(count, _)| *count == 0);
        zero.map_or(0, |(_, n)| *n)
    }
}

/// What is shown of a board's or a region's organisations; nothing where they are so few that a number would tell of
/// single ones.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupLoad {
    /// Which; `None` for those of which no board is recorded.
    pub board: Option<Arc<Board>>,
    /// The numbers, where there are enough.
    pub shown: Option<GroupNumbers>,
}

/// The numbers of a group that is large enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupNumbers {
    /// How many organisations.
    pub organisations: u32,
    /// The mean number of top tens in which one stands.
    pub mean_in_degree: f64,
    /// The mean load.
    pub mean_load: f64,
    /// How many stand in nobody's top ten; `None` where they, or the others, are too few to show.
    pub never_suggested: Option<u32>,
    /// The mean number of approaches that wait for one's answer.
    pub mean_open_approaches: f64,
    /// The mean number of active partnerships of one.
    pub mean_partnerships: f64,
}

/// Load and coverage.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadReport {
    /// All top tens.
    pub exposure: Arc<Exposure>,
    /// In how many top tens organisations stand.
    pub in_degree: Spread,
    /// How unequal the load of DESIGN 4.11 is.
    pub load_gini: Option<f64>,
    /// How many approaches wait for their answers.
    pub open_approaches: Spread,
    /// Of senders and recipients of open approaches.
    pub approach_mix: PairMix,
    /// How many active partnerships they have.
    pub partnerships: Spread,
    /// Of partners.
    pub partnership_mix: PairMix,
    /// By integrated care board, by code.
    pub by_icb: Vec<GroupLoad>,
    /// By NHS region, by code.
    pub by_region: Vec<GroupLoad>,
    /// What prices would make of the top tens; `None` where there are too many organisations to make them.
    pub prices: Option<Arc<Prices>>,
}

/// What may be shown of the counts of the parts of a whole whose sum is known; see [`suppressed_cells`].
#[must_use]
pub fn suppressed(counts: &[u32]) -> Vec<Option<u32>> {
    let line = (0..counts.len()).collect();
    suppressed_cells(counts, &vec![false; counts.len()], &[line])
}

/// What may be shown of counts of which each of some lines adds up to what is known, or to one of its own: nothing of those
/// that are hidden already, no count from 1 to 4, nor so many others, the smallest of their line first, that what is hidden can
/// be worked out: in a line where something is hidden, at least two counts are, and together they hold at least five. A count
/// of 0 tells of nobody and stays.
#[must_use]
pub fn suppressed_cells(counts: &[u32], hidden: &[bool], lines: &[Vec<usize>]) -> Vec<Option<u32>> {
    let mut shown: Vec<Option<u32>> = counts
        .iter()
        .zip(hidden)
        .map(|(&n, &is_hidden)| Some(n).filter(|&n| !is_hidden && (n == 0 || n >= MIN_GROUP)))
        .collect();
    // Hiding a count for the sake of one of its lines may open another, until nothing changes any more.
    loop {
        let mut is_changed = false;
        for line in lines {
            let hidden = || line.iter().filter(|&&cell| shown[cell].is_none());
            let held: u32 = hidden().map(|&cell| counts[cell]).sum();
            let n_hidden = hidden().count();
            if n_hidden == 0 || (n_hidden >= 2 && held >= MIN_GROUP) {
                continue;
            }
            let is_positive = |cell: &&usize| shown[**cell].is_some_and(|n| n > 0);
            let positive = line.iter().filter(is_positive);
            if let Some(&cell) = positive.min_by_key(|&&cell| counts[cell]) {
                shown[cell] = None;
                is_changed = true;
            }
        }
        if !is_changed {
            return shown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_from_one_to_four_shows_or_can_be_worked_out() {
        for (counts, shown) in [
            (vec![], vec![]),
            (vec![0, 9, 5], vec![Some(0), Some(9), Some(5)]),
            (vec![4, 9, 20], vec![None, None, Some(20)]),
            (vec![1, 1, 9, 20], vec![None, None, None, Some(20)]),
            (vec![2, 3, 9], vec![None, None, Some(9)]),
            (vec![3], vec![None]),
        ] {
            assert_eq!(suppressed(&counts), shown, "{counts:?}");
        }
    }

    #[test]
    fn what_is_hidden_in_a_row_cannot_be_worked_out_by_its_column() {
        let cells = [2, 3, 20, 9, 10, 11, 30, 31, 32];
        let rows = (0..3).map(|row| (row * 3..row * 3 + 3).collect());
        let columns = (0..3).map(|column| vec![column, column + 3, column + 6]);
        let lines: Vec<Vec<usize>> = rows.chain(columns).collect();
        let shown = suppressed_cells(&cells, &[false; 9], &lines);
        assert_eq!(shown[..3], [None, None, Some(20)]);
        assert_eq!(shown[3..6], [None, None, Some(11)]);
        assert_eq!(shown[6..], [Some(30), Some(31), Some(32)]);
        let hidden: Vec<bool> = (0..9).map(|cell| cell < 3).collect();
        let shown = suppressed_cells(&cells, &hidden, &lines[1..]);
        assert!(shown[..6].iter().all(Option::is_none));
    }

    #[test]
    fn what_is_hidden_of_a_part_cannot_be_worked_out_from_its_whole() {
        // Two regions of 20 and 30; the first has boards of 4 and 16, the second of 10 and 20. The last line is of all boards.
        let cells = [20, 30, 4, 16, 10, 20];
        let lines = [vec![0, 1], vec![0, 2, 3], vec![1, 4, 5], vec![2, 3, 4, 5]];
        let shown = suppressed_cells(&cells, &[false; 6], &lines);
        assert_eq!(shown, [Some(20), Some(30), None, None, Some(10), Some(20)]);
        // Without the regions' lines another region's board was hidden, and the region told of the first one's.
        let apart = [vec![0, 1], vec![2, 3, 4, 5]];
        let shown = suppressed_cells(&cells, &[false; 6], &apart);
        assert_eq!(shown, [Some(20), Some(30), None, Some(16), None, Some(20)]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_hidden_is_two_or_more_and_holds_five(counts in proptest::collection::vec(0_u32..12, 0..9)) {
            let shown = suppressed(&counts);
            let hidden: Vec<u32> = counts.iter().zip(&shown).filter(|(_, s)| s.is_none()).map(|(c, _)| *c).collect();
            let positive = counts.iter().filter(|c| **c > 0).count();
            for (count, shown) in counts.iter().zip(&shown) {
                proptest::prop_assert!(*count == 0 || *count >= MIN_GROUP || shown.is_none());
                proptest::prop_assert!(*count > 0 || shown.is_some());
            }
            let enough = hidden.len() >= 2 && hidden.iter().sum::<u32>() >= MIN_GROUP;
            proptest::prop_assert!(hidden.is_empty() || enough || hidden.len() == positive);
        }
    }
}
