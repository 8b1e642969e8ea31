use std::sync::Arc;

use crate::attempt::Attempt;

/// How many attempts are kept from the start of a request, and how many from its end.
pub(crate) const KEPT: usize = 16;

/// The failed attempts of one request: their number, and the first and last [`KEPT`] of them.
///
/// A pointer, null until something fails: it is part of every request and every result.
#[derive(Clone, Debug)]
pub(crate) struct AttemptLog<E>(Option<Box<Entries<E>>>);

#[derive(Clone, Debug)]
struct Entries<E> {
    kept: Vec<Attempt<E>>,
    total: u32,
    /// The endpoints that hold the threads of a saturated `Retry`.
    holders: Vec<(Arc<str>, usize)>,
}

impl<E> AttemptLog<E> {
    pub(crate) fn new() -> Self {
        Self(None)
    }

    #[cold]
    pub(crate) fn add(&mut self, attempt: Attempt<E>) {
        let entries = self.entries();
        if entries.kept.len() == 2 * KEPT {
            entries.kept.remove(KEPT);
        }
        entries.kept.push(attempt);
        entries.total = entries.total.saturating_add(1);
    }

    /// Notes who holds the threads.
    pub(crate) fn set_holders(&mut self, mut holders: Vec<(Arc<str>, usize)>) {
        holders.truncate(KEPT);
        self.entries().holders = holders;
    }

    fn entries(&mut self) -> &mut Entries<E> {
        self.0.get_or_insert_with(|| Box::new(Entries { kept: Vec::new(), total: 0, holders: Vec::new() }))
    }

    pub(crate) fn holders(&self) -> &[(Arc<str>, usize)] {
        self.0.as_ref().map_or(&[], |entries| &entries.holders)
    }

    pub(crate) fn kept(&self) -> &[Attempt<E>] {
        self.0.as_ref().map_or(&[], |entries| &entries.kept)
    }

    pub(crate) fn total(&self) -> u32 {
        self.0.as_ref().map_or(0, |entries| entries.total)
    }
}
