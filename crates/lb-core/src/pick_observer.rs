use std::sync::Arc;

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
        if before.iter().any(|known| std::ptr::addr_eq(Arc::as_ptr(known), Arc::as_ptr(&added))) {
            return None;
        }
        let clock = before.clock.clone().or_else(|| clock_of(&*added));
        let others = before.others.iter().cloned().chain([added]).collect();
        Some(Arc::new(Self { first: Arc::clone(&before.first), others, clock }))
    }

    /// Tells them of a pick that begins at `nanos`, or now; returns when it began.
    pub(crate) fn picked(&self, nanos: Option<u64>) -> u64 {
        let begun = nanos.or_else(|| self.clock.as_ref().map(Clock::nanos)).unwrap_or_default();
        self.tell(PickObserver::picked);
        begun
    }

    /// Tells them of the outcome of a pick that began at `begun`.
    pub(crate) fn recorded(&self, outcome: Outcome, begun: u64) {
        let record = match &self.clock {
            None => Record::new(outcome, std::time::Duration::ZERO, 0),
            Some(clock) => {
                let ended = clock.nanos();
                let elapsed = std::time::Duration::from_nanos(ended.saturating_sub(begun));
                Record::new(outcome, elapsed, ended)
            }
        };
        self.tell(|observer| observer.recorded(&record));
    }

    pub(crate) fn reported(&self, load: &Reported) {
        self.tell(|observer| observer.reported(load));
    }

    pub(crate) fn dropped(&self) {
        self.tell(PickObserver::dropped);
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<dyn PickObserver>> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Tells each; one that panics is logged, and the others are told all the same.
    #[inline]
    fn tell(&self, of: impl Fn(&dyn PickObserver)) {
        tell_caught(&*self.first, &of);
        for observer in &self.others {
            tell_caught(&**observer, &of);
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

#[inline]
fn tell_caught(observer: &dyn PickObserver, of: &impl Fn(&dyn PickObserver)) {
    if let Err(error) = caught("an observer of picks", || of(observer)) {
        log_safely(|| log::error!(target: LOG, error:%; "{error}"));
    }
}
