//! A bounded memory of what a peer has: the oldest is forgotten first.

use std::collections::{BTreeSet, VecDeque};

/// At most `limit` items, without repetition, oldest forgotten first.
#[derive(Debug)]
pub struct Known<T> {
    items: BTreeSet<T>,
    order: VecDeque<T>,
    limit: usize,
}

impl<T: Ord + Copy> Known<T> {
    /// An empty memory for so many items.
    pub fn new(limit: usize) -> Self {
        Self { items: BTreeSet::new(), order: VecDeque::new(), limit }
    }

    /// Remembers an item; gives whether it is new.
    pub fn insert(&mut self, item: T) -> bool {
        if !self.items.insert(item) {
            return false;
        }
        self.order.push_back(item);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.items.remove(&oldest);
        }
        true
    }

    /// Forgets an item.
    pub fn remove(&mut self, item: &T) {
        if self.items.remove(item) {
            self.order.retain(|other| other != item);
        }
    }

    /// Whether an item is remembered.
    pub fn contains(&self, item: &T) -> bool {
        self.items.contains(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut known = Known::new(2);
        assert!(known.insert(1) && known.insert(2) && !known.insert(1));
        assert!(known.insert(3));
        assert!(!known.contains(&1) && known.contains(&2) && known.contains(&3));
        known.remove(&3);
        assert!(!known.contains(&3) && known.insert(4) && known.contains(&2));
        assert_eq!(known.order.len(), known.items.len());
    }
}
