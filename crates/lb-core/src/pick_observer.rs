use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{caught, log_safely};
use crate::{Clock, LOG, Outcome, Record, Reported};

/// Is told what becomes of the picks of one endpoint; put beside it by
/// [`EndpointSet::observed`](crate::EndpointSet::observed).
///
/// Everything runs on the request's thread, for every pick: no lock, no wait, no allocation. One that panics is logged,
/// and neither the request nor another observer notices.
///
/// A strategy's state is usually its own observer:
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// use lb_core::{EndpointSet, Instance, Outcome, PickObserver, Record, StateKey};
///
/// #[derive(Default)]
/// struct Failures(AtomicU32);
///
/// impl PickObserver for Failures {
///     fn recorded(&self, record: &Record) {
///         if record.outcome() == Outcome::Failure {
///             self.0.fetch_add(1, Relaxed);
///         }
///     }
/// }
///
/// let set = EndpointSet::new([(Instance::new("a:80"), ())]);
/// let failures = set.states(&StateKey::<Failures>::shared());
/// let set = set.observed(&failures);
/// set.pick(0).unwrap().record(Outcome::Failure);
/// assert_eq!(failures[0].0.load(Relaxed), 1);
/// ```
pub trait PickObserver: Send + Sync + 'static {
    /// The endpoint was picked.
    fn picked(&self) {}

    /// The outcome of a pick is known. Once for each pick.
    fn recorded(&self, record: &Record) {
        let _ = record;
    }

    /// The server has said of its own load; before or after the outcome is known.
    fn reported(&self, load: &Reported) {
        let _ = load;
    }

    /// The pick has ended: the endpoint is no longer in use by it.
    fn dropped(&self) {}

    /// The clock by which picks are measured. `Some`: a pick reads it when it begins and when it is recorded. Of several
    /// observers of an endpoint the first that has a clock counts.
    fn clock(&self) -> Option<&Clock> {
        None
    }
}

/// The observers of one member of a set, one at least; its lanes share them.
pub(crate) struct PickObservers {
    first: Arc<dyn PickObserver>,
    others: Vec<Arc<dyn PickObserver>>,
    clock: Option<Clock>,
}

impl PickObservers {
    /// `before`, if there are any, and `added`. `None`: that one observes already.
    pub(crate) fn joined(before: Option<&Arc<Self>>, added: Arc<dyn PickObserver>) -> Option<Arc<Self>> {
        let Some(before) = before else {
            let clock = clock_of(&*added);
            return Some(Arc::new(Self { first: added, others: Vec::new(), clock }));
        };
        if (0..before.len()).any(|n| std::ptr::addr_eq(before.observer(n), Arc::as_ptr(&added))) {
            return None;
        }
        let clock = before.clock.clone().or_else(|| clock_of(&*added));
        let others = before.others.iter().cloned().chain([added]).collect();
        Some(Arc::new(Self { first: Arc::clone(&before.first), others, clock }))
    }

    /// Tells them of a pick that begins at `nanos`, or now; returns when it began.
    pub(crate) fn picked(&self, nanos: Option<u64>) -> u64 {
        let begun = nanos.or_else(|| self.clock.as_ref().map(Clock::nanos)).unwrap_or_default();
        each_caught(self.len(), |n| self.observer(n).picked());
        begun
    }

    /// Tells them of the outcome of a pick that began at `begun`.
    pub(crate) fn recorded(&self, outcome: Outcome, begun: u64) {
        let record = self.record(outcome, begun);
        each_caught(self.len(), |n| self.observer(n).recorded(&record));
    }

    /// Tells them of the end of a pick that was recorded already.
    pub(crate) fn dropped(&self) {
        each_caught(self.len(), |n| self.observer(n).dropped());
    }

    /// Tells them of the end of a pick that began at `begun` and was not recorded.
    pub(crate) fn cancelled(&self, begun: u64) {
        let (record, len) = (self.record(Outcome::Cancelled, begun), self.len());
        each_caught(2 * len, |n| {
            if n < len { self.observer(n).recorded(&record) } else { self.observer(n - len).dropped() }
        });
    }

    pub(crate) fn reported(&self, load: &Reported) {
        each_caught(self.len(), |n| self.observer(n).reported(load));
    }

    fn record(&self, outcome: Outcome, begun: u64) -> Record {
        let Some(clock) = &self.clock else { return Record::new(outcome, Duration::ZERO, 0) };
        let ended = clock.nanos();
        Record::new(outcome, Duration::from_nanos(ended.saturating_sub(begun)), ended)
    }

    #[inline]
    fn len(&self) -> usize {
        1 + self.others.len()
    }

    #[inline]
    fn observer(&self, n: usize) -> &dyn PickObserver {
        if n == 0 { &*self.first } else { &*self.others[n - 1] }
    }
}

/// Runs `call` with 0, 1 and so on up to `count`. One that panics is logged, and the others run all the same.
#[inline]
fn each_caught(count: usize, call: impl Fn(usize)) {
    let next = Cell::new(0);
    while next.get() < count {
        let rest = || {
            while next.get() < count {
                call(next.replace(next.get() + 1));
            }
        };
        if let Err(error) = caught("an observer of picks", rest) {
            log_safely(|| log::error!(target: LOG, error:%; "{error}"));
        }
    }
}

/// One that panics when it is asked for its clock has none.
fn clock_of(observer: &dyn PickObserver) -> Option<Clock> {
    caught("an observer of picks", || observer.clock().cloned()).unwrap_or_else(|error| {
        log_safely(|| log::error!(target: LOG, error:%; "{error}"));
        None
    })
}
