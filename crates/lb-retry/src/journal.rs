use crate::Attempt;

/// How many attempts are kept from the start of a request, and how many from its end.
pub(crate) const KEPT: usize = 16;

/// The failed attempts of one request: their number, and the first and last [`KEPT`] of them.
///
/// Allocates with the first one.
#[derive(Clone, Debug)]
pub(crate) struct Journal<E> {
    kept: Vec<Attempt<E>>,
    total: u32,
}

impl<E> Journal<E> {
    pub(crate) fn new() -> Self {
        Self { kept: Vec::new(), total: 0 }
    }

    pub(crate) fn record(&mut self, attempt: Attempt<E>) {
        if self.kept.len() == 2 * KEPT {
            self.kept.remove(KEPT);
        }
        self.kept.push(attempt);
        self.total = self.total.saturating_add(1);
    }

    pub(crate) fn kept(&self) -> &[Attempt<E>] {
        &self.kept
    }

    pub(crate) fn total(&self) -> u32 {
        self.total
    }
}
