//! Compact columns: texts in one block, lists of all rows in one list.

use std::collections::HashMap;
use std::hash::Hash;

/// A row of the snapshot: the position of an active organisation in the order of ODS codes.
pub(crate) type Row = u32;

/// Turns a position in a list into a row or an index.
///
/// Saturates at `u32::MAX`, which no list of ours reaches: the snapshot would need terabytes first.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// Texts one after the other in one block of memory.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    block: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Adds a text at the end.
    pub(crate) fn push(&mut self, text: &str) {
        self.block.push_str(text);
        self.ends.push(index(self.block.len()));
    }

    /// The text at a position; empty past the end.
    pub(crate) fn at(&self, position: Row) -> &str {
        let position = position as usize;
        let start = if position == 0 {
            0
        } else {
            self.ends[position - 1] as usize
        };
        self.ends
            .get(position)
            .and_then(|&end| self.block.get(start..end as usize))
            .unwrap_or_default()
    }

    /// Gives back memory that was set aside for growth.
    pub(crate) fn shrink(&mut self) {
        self.block.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.block.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

/// A list for each row, all in one block of memory.
#[derive(Debug)]
pub(crate) struct Lists<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Clone> Lists<T> {
    /// Collects items that are sorted by row into one list for each of `n_rows` rows.
    pub(crate) fn from_sorted(n_rows: usize, items: Vec<(Row, T)>) -> Self {
        let mut starts = vec![0_u32; n_rows + 1];
        for (row, _) in &items {
            starts[*row as usize + 1] += 1;
        }
        for i in 0..n_rows {
            starts[i + 1] += starts[i];
        }
        let mut items: Vec<T> = items.into_iter().map(|(_, item)| item).collect();
        items.shrink_to_fit();
        Self { starts, items }
    }

    /// The list of one row.
    pub(crate) fn of(&self, row: Row) -> &[T] {
        &self.items[self.starts[row as usize] as usize..self.starts[row as usize + 1] as usize]
    }

    /// Bytes on the heap, what the items own elsewhere aside.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>() + self.items.capacity() * size_of::<T>()
    }
}

/// Gives each distinct value a number, in the order in which the values first came.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T: Clone + Eq + Hash> Interner<T> {
    pub(crate) fn new() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// The number of a value.
    pub(crate) fn number(&mut self, value: &T) -> u32 {
        if let Some(&number) = self.numbers.get(value) {
            return number;
        }
        let number = index(self.values.len());
        self.values.push(value.clone());
        self.numbers.insert(value.clone(), number);
        number
    }

    /// The values by number.
    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }

    /// The values by number; the way back is dropped.
    pub(crate) fn into_values(mut self) -> Vec<T> {
        self.values.shrink_to_fit();
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_went_in() {
        let mut texts = Texts::default();
        for text in ["one", "", "drei"] {
            texts.push(text);
        }
        assert_eq!([texts.at(0), texts.at(1), texts.at(2)], ["one", "", "drei"]);
    }

    #[test]
    fn rows_without_items_have_empty_lists() {
        let lists = Lists::from_sorted(4, vec![(1, 'a'), (1, 'b'), (3, 'c')]);
        assert!(lists.of(0).is_empty() && lists.of(2).is_empty());
        assert_eq!((lists.of(1), lists.of(3)), (&['a', 'b'][..], &['c'][..]));
    }

    #[test]
    fn equal_values_share_a_number() {
        let mut interner = Interner::new();
        assert_eq!(["x", "y", "x"].map(|v| interner.number(&v)), [0, 1, 0]);
        assert_eq!(interner.into_values(), ["x", "y"]);
    }
}
