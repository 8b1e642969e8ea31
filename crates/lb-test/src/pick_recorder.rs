use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use lb_core::{EndpointSet, Outcome, PickObserver, Record};

use crate::lock::lock;

/// How long is waited for what should come soon. Waited for only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of the picks of one endpoint, as its observers were told.
///
/// ```
/// use lb_core::{EndpointSet, Instance, Outcome};
/// use lb_test::{PickEvent, PickRecorder};
///
/// let set = EndpointSet::new([(Instance::new("a:80"), ())]);
/// let (set, recorders) = PickRecorder::observe(&set);
/// set.pick(0).unwrap().record(Outcome::Failure);
/// let events = [PickEvent::Picked, PickEvent::Recorded(Outcome::Failure), PickEvent::Dropped];
/// assert_eq!(recorders[0].events(), events);
/// ```
#[derive(Debug, Default)]
pub struct PickRecorder {
    events: Mutex<Vec<PickEvent>>,
    added: Condvar,
}

/// One thing that an observer of picks was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickEvent {
    /// A pick began.
    Picked,
    /// Its outcome is known.
    Recorded(Outcome),
    /// It has ended.
    Dropped,
}

impl PickRecorder {
    /// `set` with a recorder beside each endpoint.
    pub fn observe<E>(set: &EndpointSet<E>) -> (EndpointSet<E>, Vec<Arc<Self>>) {
        let recorders: Vec<Arc<Self>> = (0..set.len()).map(|_| Arc::default()).collect();
        (set.observed(&recorders), recorders)
    }

    /// All that it was told, in order.
    pub fn events(&self) -> Vec<PickEvent> {
        lock(&self.events).clone()
    }

    /// Waits until it was told `count` things, and returns all.
    ///
    /// # Panics
    ///
    /// When they do not come within 30 s.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<PickEvent> {
        let events = lock(&self.events);
        let waited = self.added.wait_timeout_while(events, PATIENCE, |events| events.len() < count);
        let (events, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(events.len() >= count, "{count} events awaited, {events:?} came");
        events.clone()
    }

    fn add(&self, event: PickEvent) {
        lock(&self.events).push(event);
        self.added.notify_all();
    }

    /// The outcomes alone.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |event| match event {
            PickEvent::Recorded(outcome) => Some(outcome),
            PickEvent::Picked | PickEvent::Dropped => None,
        };
        self.events().into_iter().filter_map(outcome).collect()
    }

    /// How many picks have begun and not ended.
    pub fn in_flight(&self) -> usize {
        let count = |wanted| self.events().iter().filter(|event| **event == wanted).count();
        count(PickEvent::Picked) - count(PickEvent::Dropped)
    }
}

impl PickObserver for PickRecorder {
    fn picked(&self) {
        self.add(PickEvent::Picked);
    }

    fn recorded(&self, record: &Record) {
        self.add(PickEvent::Recorded(record.outcome()));
    }

    fn dropped(&self) {
        self.add(PickEvent::Dropped);
    }
}
