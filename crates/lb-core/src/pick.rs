use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::member::Member;
use crate::{EndpointId, Instance, Outcome, Reported};

/// An owned handle on one endpoint; it keeps that endpoint, and no other, alive.
///
/// It dereferences to the endpoint. Hold it for as long as the request lasts: an endpoint that discovery removes
/// meanwhile is dropped when its last pick ends. Cost: one reference count up, one down; two words.
///
/// Calls go through it (it is an [`Endpoint`](crate::Endpoint) when `E` is one), and are recorded: a response is a success,
/// an error or a panic a failure, a dropped future is cancelled. Who uses the endpoint in another way says how it went:
///
/// ```
/// use lb_core::{EndpointSet, Instance, Outcome};
///
/// let set = EndpointSet::new([(Instance::new("a:80"), "an endpoint")]);
/// let pick = set.pick(0).unwrap();
/// let went_well = pick.starts_with("an");
/// pick.record(if went_well { Outcome::Success } else { Outcome::Failure });
/// ```
pub struct Pick<E> {
    member: Arc<Member<E>>,
    /// When it began, in nanoseconds of its observers' clock; or one of the two words below.
    begun: AtomicU64,
}

/// Nobody observes this pick.
const UNOBSERVED: u64 = u64::MAX;

/// Its outcome is known.
const RECORDED: u64 = u64::MAX - 1;

impl<E> Pick<E> {
    /// A pick that begins now.
    #[inline]
    pub(crate) fn new(member: Arc<Member<E>>) -> Self {
        let begun = if member.observers().is_some() { begin(&member, None) } else { UNOBSERVED };
        Self { member, begun: AtomicU64::new(begun) }
    }

    /// A pick that begins at a time that was read already.
    #[inline]
    pub(crate) fn new_at(member: Arc<Member<E>>, nanos: u64) -> Self {
        let begun = if member.observers().is_some() { begin(&member, Some(nanos)) } else { UNOBSERVED };
        Self { member, begun: AtomicU64::new(begun) }
    }

    /// A pick that nobody is told of.
    #[inline]
    pub(crate) fn unobserved(member: Arc<Member<E>>) -> Self {
        Self { member, begun: AtomicU64::new(UNOBSERVED) }
    }

    /// The instance as it stood in the set picked from.
    pub fn instance(&self) -> &Instance {
        self.member.instance()
    }

    /// Names the endpoint as made; for [`Tried`](crate::Tried).
    pub fn id(&self) -> EndpointId {
        self.member.id()
    }

    /// The instance's address.
    pub fn address(&self) -> &str {
        self.instance().address()
    }

    /// The instance's address, to keep after the pick has ended. Cost: one reference count.
    pub fn shared_address(&self) -> Arc<str> {
        self.instance().shared_address()
    }

    /// Says how the use of this pick ended. The first word counts; a pick that is dropped without one was
    /// [`Cancelled`](Outcome::Cancelled). Cost: nothing where nobody observes.
    #[inline]
    pub fn record(&self, outcome: Outcome) {
        if self.is_observed() {
            self.record_observed(outcome);
        }
    }

    /// Passes on what the server said of its own load.
    pub fn report(&self, load: &Reported) {
        if let Some(observers) = self.member.observers().filter(|_| self.is_observed()) {
            observers.reported(load);
        }
    }

    /// Whether anybody is told what becomes of it.
    #[inline]
    pub fn is_observed(&self) -> bool {
        // Relaxed: whether it is observed is written once, before anybody else has the pick.
        self.begun.load(Ordering::Relaxed) != UNOBSERVED
    }

    #[inline(never)]
    fn record_observed(&self, outcome: Outcome) {
        // Relaxed: the word says who is the first to record, and nothing beside it.
        let begun = self.begun.swap(RECORDED, Ordering::Relaxed);
        if let Some(observers) = self.member.observers().filter(|_| begun != RECORDED) {
            observers.recorded(outcome, begun);
        }
    }

    #[inline(never)]
    fn end_observed(&mut self) {
        let begun = *self.begun.get_mut();
        match self.member.observers() {
            Some(observers) if begun == RECORDED => observers.dropped(),
            Some(observers) => observers.cancelled(begun),
            None => {}
        }
    }
}

#[inline(never)]
fn begin<E>(member: &Member<E>, nanos: Option<u64>) -> u64 {
    let begun = member.observers().map_or(0, |observers| observers.picked(nanos));
    begun.min(RECORDED - 1)
}

impl<E> Drop for Pick<E> {
    #[inline]
    fn drop(&mut self) {
        if *self.begun.get_mut() != UNOBSERVED {
            self.end_observed();
        }
    }
}

impl<E> Deref for Pick<E> {
    type Target = E;

    #[inline]
    fn deref(&self) -> &E {
        self.member.endpoint()
    }
}

impl<E> fmt::Debug for Pick<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pick").field(self.instance()).finish()
    }
}
