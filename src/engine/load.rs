//! How evenly a load is spread: pure sums over counts and lists of suggestions.

/// The weight of a rank in the load of DESIGN 4.11, `1 / log2(1 + rank)` with ranks from 1: the discount of the discounted
/// cumulative gain.
///
/// # References
///
/// Järvelin and Kekäläinen 2002, ACM Transactions on Information Systems 20:422; DESIGN 4.11.
#[must_use]
pub fn weight_of_rank(rank: u32) -> f64 {
    1.0 / (1.0 + f64::from(rank)).log2()
}

/// How often each of `n` stands in the lists.
#[must_use]
pub fn in_degrees(n: usize, lists: &[Vec<u32>]) -> Vec<u32> {
    let mut degrees = vec![0; n];
    for &seen in lists.iter().flatten() {
        if let Some(degree) = degrees.get_mut(seen as usize) {
            *degree += 1;
        }
    }
    degrees
}

/// The load of each of `n`: the sum of [`weight_of_rank`] over the lists in which it stands (DESIGN 4.11).
#[must_use]
pub fn loads(n: usize, lists: &[Vec<u32>]) -> Vec<f64> {
    let mut loads = vec![0.0; n];
    for list in lists {
        for (rank, &seen) in (1..).zip(list) {
            if let Some(load) = loads.get_mut(seen as usize) {
                *load += weight_of_rank(rank);
            }
        }
    }
    loads
}

/// The share of the ordered pairs (i, one of list i) that are returned: i stands in the other's list too. List i is that of i.
/// `None` where there is no pair.
///
/// # References
///
/// Newman, Forrest and Balthrop 2002, Physical Review E 66:035101: the share of arcs of a directed graph that run both ways.
#[must_use]
pub fn reciprocity(lists: &[Vec<u32>]) -> Option<f64> {
    let (mut pairs, mut returned) = (0_u32, 0_u32);
    for (seeker, list) in (0_u32..).zip(lists) {
        for &seen in list {
            pairs += 1;
            let theirs = lists.get(seen as usize);
            if theirs.is_some_and(|theirs| theirs.contains(&seeker)) {
                returned += 1;
            }
        }
    }
    (pairs > 0).then(|| f64::from(returned) / f64::from(pairs))
}

/// The Gini coefficient of amounts that are not negative: 0 where all are equal, `1 - 1/n` where one has everything. With
/// `x_1 <= ... <= x_n` it is `2 (sum of i x_i) / (n sum of x_i) - (n + 1)/n`. `None` of nothing; 0 where all are 0, which are
/// equal.
///
/// # References
///
/// Dorfman 1979, Review of Economics and Statistics 61:146, in its form for sorted amounts.
#[must_use]
pub fn gini(amounts: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = amounts.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = u32::try_from(sorted.len()).ok().filter(|&n| n > 0)?;
    let (mut sum, mut ranked) = (0.0, 0.0);
    for (rank, amount) in (1_u32..).zip(&sorted) {
        sum += amount;
        ranked += f64::from(rank) * amount;
    }
    if sum <= 0.0 {
        return Some(0.0);
    }
    let n = f64::from(n);
    // Rounding may leave a trace below nothing.
    Some((2.0 * ranked / (n * sum) - (n + 1.0) / n).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: Option<f64>, b: f64) {
        assert!(a.is_some_and(|a| (a - b).abs() < 1e-12), "{a:?} {b}");
    }

    #[test]
    fn the_gini_of_nothing_one_and_equals() {
        assert_eq!(gini([]), None);
        close(gini([0.0]), 0.0);
        close(gini([7.0]), 0.0);
        close(gini([3.0; 8]), 0.0);
        close(gini([0.0; 8]), 0.0);
    }

    #[test]
    fn the_gini_of_known_amounts() {
        // One has everything: 1 - 1/n.
        close(gini([0.0, 0.0, 0.0, 5.0]), 0.75);
        // 1, 2, 3, 4: the mean absolute difference is 1.25 with itself counted, half of it over the mean 2.5 is a quarter.
        close(gini([4.0, 1.0, 3.0, 2.0]), 0.25);
    }

    proptest! {
        #[test]
        fn the_gini_is_half_the_relative_mean_difference(amounts in prop::collection::vec(0_u32..50, 1..30)) {
            let amounts: Vec<f64> = amounts.into_iter().map(f64::from).collect();
            let n = f64::from(u32::try_from(amounts.len()).unwrap());
            let sum: f64 = amounts.iter().sum();
            let mut differences = 0.0;
            for a in &amounts {
                for b in &amounts {
                    differences += (a - b).abs();
                }
            }
            let expected = if sum == 0.0 { 0.0 } else { differences / (2.0 * n * sum) };
            prop_assert!((gini(amounts).unwrap() - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn lists_are_counted_and_weighed() {
        let lists = vec![vec![1, 2], vec![0], vec![1]];
        assert_eq!(in_degrees(4, &lists), [1, 2, 1, 0]);
        let loads = loads(4, &lists);
        assert!((loads[1] - 2.0).abs() < 1e-12);
        assert!((loads[2] - 1.0 / 3.0_f64.log2()).abs() < 1e-12);
        assert!(loads[3].abs() < 1e-12);
        assert_eq!(in_degrees(0, &[]), Vec::<u32>::new());
    }

    #[test]
    fn a_pair_is_returned_where_both_see_each_other() {
        // 0 sees 1 and 2, 1 sees 0, 2 sees 1: of four, 0-1 and 1-0 are returned.
        close(reciprocity(&[vec![1, 2], vec![0], vec![1]]), 0.5);
        assert_eq!(reciprocity(&[]), None);
        assert_eq!(reciprocity(&[vec![], vec![]]), None);
        close(reciprocity(&[vec![1], vec![0]]), 1.0);
    }
}
