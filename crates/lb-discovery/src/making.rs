use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lb_core::{Canceller, Context, Instance};

/// How long a changed set waits for factories that are at work.
pub(crate) const GRACE: Duration = Duration::from_millis(20);

/// How long it waits at most while calls begin and end.
pub(crate) const LONGEST_GRACE: Duration = Duration::from_millis(40);

/// A call that takes longer than this does not hold up the next one.
const SLOW: Duration = Duration::from_millis(10);

/// How long endpoints that come late are collected before they join the set together.
const BATCH: Duration = Duration::from_millis(20);

/// How many calls of the factory may be under way.
const MAX_CALLS: usize = 8;

/// How many threads may hang in calls that were given up.
const MAX_STUCK: usize = 64;

/// Which instances wait for the factory, and which calls of it are under way: decides, and starts nothing.
#[derive(Debug)]
pub(crate) struct Making {
    limit: Duration,
    missing: Vec<Instance>,
    queue: VecDeque<Instance>,
    calls: Vec<Call>,
    /// Calls that were given up and have not returned.
    stuck: Vec<Call>,
    next_number: u64,
    /// When what is wanted was last changed.
    begun: Option<Instant>,
    /// When a set was last published.
    published: Option<Instant>,
    /// Whether endpoints have come that are not published.
    unpublished: bool,
}

/// One call of the factory.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) number: u64,
    pub(crate) instance: Instance,
    pub(crate) ctx: Context,
    canceller: Canceller,
    begun: Instant,
}

impl Call {
    pub(crate) fn cancel(&self) {
        self.canceller.cancel();
    }
}

impl Making {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            missing: Vec::new(),
            queue: VecDeque::new(),
            calls: Vec::new(),
            stuck: Vec::new(),
            next_number: 0,
            begun: None,
            published: None,
            unpublished: true,
        }
    }

    /// These instances, and no others, have no endpoint. Returns the calls that nobody needs any more.
    pub(crate) fn want(&mut self, now: Instant, missing: Vec<Instance>) -> Vec<Call> {
        let needless = |call: &mut Call| !missing.iter().any(|instance| is_same(instance, &call.instance));
        let given_up: Vec<Call> = self.calls.extract_if(.., needless).collect();
        self.stuck.extend(given_up.iter().cloned());
        let busy = |instance: &Instance| {
            self.calls.iter().chain(&self.stuck).any(|call| is_same(&call.instance, instance))
        };
        self.queue = missing.iter().filter(|instance| !busy(instance)).cloned().collect();
        self.missing = missing;
        self.begun = Some(now);
        self.unpublished = true;
        given_up
    }

    /// The next call, if one is to begin although others are under way. With `freed` the thread of one is free.
    pub(crate) fn next_call(&mut self, now: Instant, parent: &Context, freed: bool) -> Option<Call> {
        if self.calls.len() >= MAX_CALLS || self.stuck.len() >= MAX_STUCK || !(freed || self.is_held_up(now))
        {
            return None;
        }
        let instance = self.queue.pop_front()?;
        let bounded =
            now.checked_add(self.limit).map_or_else(|| parent.clone(), |end| parent.with_deadline(end));
        let (ctx, canceller) = bounded.with_cancel();
        self.next_number += 1;
        let call = Call { number: self.next_number, instance, ctx, canceller, begun: now };
        self.calls.push(call.clone());
        Some(call)
    }

    /// Whether a call is to begin because those under way take long.
    pub(crate) fn is_held_up(&self, now: Instant) -> bool {
        let may_begin =
            !self.queue.is_empty() && self.calls.len() < MAX_CALLS && self.stuck.len() < MAX_STUCK;
        may_begin && self.calls.iter().all(|call| now.duration_since(call.begun) >= SLOW)
    }

    /// The thread of a call runs.
    pub(crate) fn begun(&mut self, now: Instant, call: &Call) {
        for other in self.calls.iter_mut().filter(|other| other.number == call.number) {
            other.begun = now;
        }
    }

    /// A call has returned. `false`: it had been given up.
    pub(crate) fn ended(&mut self, call: &Call) -> bool {
        self.stuck.retain(|other| other.number != call.number);
        let before = self.calls.len();
        self.calls.retain(|other| other.number != call.number);
        self.unpublished |= self.calls.len() < before;
        self.calls.len() < before
    }

    /// An endpoint does not serve what has become of its instance: it is made anew.
    pub(crate) fn again(&mut self, instance: &Instance) {
        let wanted = self.missing.iter().find(|wanted| is_same(wanted, instance) && *wanted != instance);
        self.queue.extend(wanted.cloned());
    }

    /// The calls that have taken too long; they are given up.
    pub(crate) fn late(&mut self, now: Instant) -> Vec<Call> {
        let limit = self.limit;
        let is_late = |call: &mut Call| now.duration_since(call.begun) >= limit;
        let late: Vec<Call> = self.calls.extract_if(.., is_late).collect();
        self.stuck.extend(late.iter().cloned());
        self.unpublished |= !late.is_empty();
        late
    }

    /// Nothing waits any more. Returns the calls under way, which are given up.
    pub(crate) fn clear(&mut self) -> Vec<Call> {
        self.queue.clear();
        let calls = std::mem::take(&mut self.calls);
        self.stuck.extend(calls.iter().cloned());
        calls
    }

    /// Whether no call is under way, nor to come.
    pub(crate) fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.queue.is_empty()
    }

    /// Whether a thread is in the factory, given up or not.
    pub(crate) fn has_threads(&self) -> bool {
        !self.calls.is_empty() || !self.stuck.is_empty()
    }

    /// Whether all that was to be made has been made or has failed, and is published.
    pub(crate) fn is_done(&self) -> bool {
        self.is_idle() && self.publish_at().is_none()
    }

    /// Whether no call is under way or to come that the latest change has caused.
    pub(crate) fn is_settled(&self) -> bool {
        self.queue.is_empty()
            && self.calls.iter().all(|call| self.begun.is_some_and(|begun| call.begun < begun))
    }

    /// When what has come is to be published. `None`: nothing has come.
    pub(crate) fn publish_at(&self) -> Option<Instant> {
        if !self.unpublished {
            return None;
        }
        let begun = self.begun?;
        if self.is_idle() || (self.is_settled() && self.published.is_none_or(|published| published < begun)) {
            return Some(begun);
        }
        let batch = self.published.and_then(|published| published.checked_add(BATCH));
        if self.published.is_some_and(|published| published >= begun) {
            return batch;
        }
        // A call that has only just begun, on a busy machine perhaps, is about to end.
        let latest = self.calls.iter().map(|call| call.begun).max();
        let slow = latest.and_then(|latest| latest.checked_add(SLOW)).min(begun.checked_add(LONGEST_GRACE));
        begun.checked_add(GRACE).max(slow).max(batch)
    }

    /// What has come is not to be published.
    pub(crate) fn withheld(&mut self) {
        self.unpublished = false;
    }

    /// What has come is published.
    pub(crate) fn published(&mut self, now: Instant) {
        self.published = Some(now);
        self.unpublished = false;
    }

    /// When time alone changes something: `late`, `next_call` or `publish_at`.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let limits = self.calls.iter().filter_map(|call| call.begun.checked_add(self.limit));
        let may_begin =
            !self.queue.is_empty() && self.calls.len() < MAX_CALLS && self.stuck.len() < MAX_STUCK;
        let latest = self.calls.iter().map(|call| call.begun).max();
        let next = latest.filter(|_| may_begin).and_then(|begun| begun.checked_add(SLOW));
        limits.chain(next).chain(self.publish_at()).min()
    }
}

/// By what identifies an instance in a set.
pub(crate) fn is_same(a: &Instance, b: &Instance) -> bool {
    (a.address(), a.host()) == (b.address(), b.host())
}

/// What the endpoints of a feed came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// How many instances are wanted.
    pub(crate) wanted: usize,
    /// How many endpoints are published.
    pub(crate) endpoints: usize,
    /// What the first factory that failed has failed with.
    pub(crate) failure: Option<Arc<str>>,
}
