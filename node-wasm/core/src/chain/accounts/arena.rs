//! Values of one kind side by side, named by 32-bit slots: no allocation for each, no pointers,
//! and nothing moves when there are more.

use std::ops::{Index, IndexMut};

/// Values allocated at once: some 10 KiB, so that neither a small tree wastes memory nor a large
/// one is copied when it grows.
const CHUNK: usize = 256;

/// What was stored, in chunks that are never moved.
#[derive(Debug)]
pub(super) struct Arena<T> {
    /// All full but the last.
    chunks: Vec<Vec<T>>,
    /// Slots to use again.
    free: Vec<u32>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), free: Vec::new() }
    }
}

impl<T: Copy> Arena<T> {
    /// Values that are there.
    pub(super) fn len(&self) -> usize {
        self.used() - self.free.len()
    }

    /// Stores a value and gives its slot.
    pub(super) fn add(&mut self, value: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self[slot] = value;
            return slot;
        }
        let slot = u32::try_from(self.used()).expect("2^32 values fit no memory that this runs in");
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(value),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(value);
                self.chunks.push(chunk);
            }
        }
        slot
    }

    /// Takes a value out; the slot may name another one from now on.
    pub(super) fn take(&mut self, slot: u32) -> T {
        self.free.push(slot);
        self[slot]
    }

    fn used(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }
}

impl<T> Index<u32> for Arena<T> {
    type Output = T;

    fn index(&self, slot: u32) -> &T {
        &self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }
}

impl<T> IndexMut<u32> for Arena<T> {
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_nothing_moves() {
        let mut arena = Arena::default();
        let slots: Vec<u32> = (0..1_000_usize).map(|value| arena.add(value)).collect();
        for value in (0..1_000).step_by(3) {
            assert_eq!(arena.take(slots[value]), value);
        }
        assert_eq!(arena.len(), 666);
        let again: Vec<u32> = (0..334).map(|_| arena.add(7)).collect();
        assert!(again.iter().all(|slot| slots.contains(slot)));
        assert_eq!(arena.len(), 1_000);
        assert!((0..1_000).all(|value| arena[slots[value]] == if value % 3 == 0 { 7 } else { value }));
    }
}
