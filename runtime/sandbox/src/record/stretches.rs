//! What is kept of a stream: its beginning, its end, and how much was in between.

use std::collections::VecDeque;

/// What is kept of a stream.
#[derive(Default)]
pub(super) struct Stretches {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    cut: u64,
}

impl Stretches {
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Keeps the first `head` bytes and the last `tail`; returns those that went to the
    /// head.
    pub(super) fn push<'a>(&mut self, bytes: &'a [u8], head: usize, tail: usize) -> &'a [u8] {
        let head_room = head.saturating_sub(self.head.len());
        let (first, rest) = bytes.split_at(head_room.min(bytes.len()));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(tail);
        self.tail.drain(..excess);
        self.cut += u64::try_from(excess).unwrap_or(u64::MAX);
        first
    }

    pub(super) fn finish(self) -> (Vec<u8>, u64) {
        let mut kept = self.head;
        kept.extend(self.tail);
        (kept, self.cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_too_much_output_is_cut_and_counted() {
        let mut kept = Stretches::default();
        assert_eq!(kept.push(b"0123456", 6, 2), b"012345");
        assert_eq!(kept.push(b"789abc", 6, 2), b"");
        assert_eq!(kept.finish(), (b"012345bc".to_vec(), 5));
    }

    #[test]
    fn or_all_but_its_end() {
        let mut kept = Stretches::default();
        kept.push(b"0123456", 0, 4);
        kept.push(b"78", 0, 4);
        assert_eq!(kept.finish(), (b"5678".to_vec(), 5));
    }

    #[test]
    fn output_that_fits_is_whole() {
        let mut kept = Stretches::default();
        for byte in b"01234567" {
            kept.push(&[*byte], 6, 2);
        }
        assert_eq!(kept.finish(), (b"01234567".to_vec(), 0));
    }
}
