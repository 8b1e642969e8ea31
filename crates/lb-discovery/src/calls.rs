use std::collections::VecDeque;
use std::time::{Duration, Instant};

use lb_core::{Canceller, Context, Instance};

/// How long a changed set waits for calls under way.
const GRACE: Duration = Duration::from_millis(20);

/// How long it waits at most while calls begin and end.
const LONGEST_GRACE: Duration = Duration::from_millis(40);

/// How long it waits for the threads of calls to begin, which only a busy machine delays.
const LONGEST_START: Duration = Duration::from_millis(400);

/// A call that takes longer than this does not hold up the next one.
const SLOW: Duration = Duration::from_millis(10);

/// How long endpoints that come late are collected before they join the set together.
const BATCH: Duration = Duration::from_millis(20);

/// How many calls of the factory may be under way.
const MAX_RUNNING: usize = 8;

/// How many threads may hang in calls that were given up.
const MAX_ABANDONED: usize = 64;

/// An instance without an endpoint of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) instance: Instance,
    /// What its endpoint was made from, where that may serve as well.
    pub(crate) before: Option<Instance>,
}

/// One call of the factory.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    number: u64,
    /// The plan it belongs to.
    plan: u64,
    pub(crate) missing: Missing,
    pub(crate) ctx: Context,
    canceller: Canceller,
    begun: Instant,
    /// Whether its thread has begun.
    runs: bool,
}

impl Call {
    pub(crate) fn cancel(&self) {
        self.canceller.cancel();
    }
}

/// The calls of one factory, to come and under way, and when what they bring is published: decides, and starts nothing.
#[derive(Debug)]
pub(crate) struct Calls {
    limit: Duration,
    /// Ordered by identity.
    missing: Vec<Missing>,
    waiting: VecDeque<Missing>,
    running: Vec<Call>,
    /// Calls that were given up and have not returned.
    abandoned: Vec<Call>,
    next_number: u64,
    /// Counts the changes of what is wanted.
    plan: u64,
    planned_at: Option<Instant>,
    published_at: Option<Instant>,
    /// Whether something has come that is not published.
    unpublished: bool,
}

impl Calls {
    /// Each call may take as long as `limit`.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            missing: Vec::new(),
            waiting: VecDeque::new(),
            running: Vec::new(),
            abandoned: Vec::new(),
            next_number: 0,
            plan: 0,
            planned_at: None,
            published_at: None,
            unpublished: false,
        }
    }

    /// What is wanted has changed: whatever is missing is to be asked for, again too.
    pub(crate) fn begin_plan(&mut self, now: Instant) {
        self.plan += 1;
        self.planned_at = Some(now);
        self.unpublished = true;
        self.missing.clear();
        self.waiting.clear();
    }

    /// These, ordered by identity, and no others are missing. Returns the calls that nobody needs any more, which are given up.
    pub(crate) fn want(&mut self, missing: Vec<Missing>) -> Vec<Call> {
        let needless = |call: &mut Call| find(&missing, &call.missing.instance).is_none();
        let given_up: Vec<Call> = self.running.extract_if(.., needless).collect();
        self.abandoned.extend(given_up.iter().cloned());
        let is_busy = |one: &Missing| {
            let mut calls = self.running.iter().chain(&self.abandoned);
            calls.any(|call| identity(&call.missing.instance) == identity(&one.instance))
        };
        let is_new = |one: &&Missing| find(&self.missing, &one.instance) != Some(*one) && !is_busy(one);
        self.waiting.retain(|one| find(&missing, &one.instance) == Some(one));
        self.waiting.extend(missing.iter().filter(is_new).cloned());
        self.missing = missing;
        given_up
    }

    /// The next call, if one is to begin: because those under way are slow, or because one of them has ended and `freed`
    /// its thread.
    pub(crate) fn next(&mut self, now: Instant, parent: &Context, freed: bool) -> Option<Call> {
        let is_slow = |call: &Call| now.duration_since(call.begun) >= SLOW;
        if !self.may_begin() || !(freed || self.running.iter().all(is_slow)) {
            return None;
        }
        let missing = self.waiting.pop_front()?;
        let end = now.checked_add(self.limit);
        let bounded = end.map_or_else(|| parent.clone(), |end| parent.with_deadline(end));
        let (ctx, canceller) = bounded.with_cancel();
        self.next_number += 1;
        let (number, plan) = (self.next_number, self.plan);
        let call = Call { number, plan, missing, ctx, canceller, begun: now, runs: false };
        self.running.push(call.clone());
        Some(call)
    }

    fn may_begin(&self) -> bool {
        !self.waiting.is_empty() && self.running.len() < MAX_RUNNING && self.abandoned.len() < MAX_ABANDONED
    }

    /// The thread of a call runs.
    pub(crate) fn begun(&mut self, call: &Call, now: Instant) {
        if let Some(running) = self.running.iter_mut().find(|other| other.number == call.number) {
            (running.begun, running.runs) = (now, true);
        }
    }

    /// Whether a call is under way and was not given up.
    pub(crate) fn is_running(&self, call: &Call) -> bool {
        self.running.iter().any(|other| other.number == call.number)
    }

    /// A call has returned. One that has brought nothing is repeated where the plan has changed meanwhile.
    pub(crate) fn ended(&mut self, call: &Call, brought: bool) {
        self.abandoned.retain(|other| other.number != call.number);
        let before = self.running.len();
        self.running.retain(|other| other.number != call.number);
        if self.running.len() == before {
            return;
        }
        self.unpublished = true;
        if !brought && call.plan < self.plan {
            self.waiting.extend(find(&self.missing, &call.missing.instance).cloned());
        }
    }

    /// What is wanted now in the place of a call's instance.
    pub(crate) fn wanted(&self, call: &Call) -> Option<&Instance> {
        find(&self.missing, &call.missing.instance).map(|one| &one.instance)
    }

    /// The calls that have taken too long, which are given up.
    pub(crate) fn give_up_late(&mut self, now: Instant) -> Vec<Call> {
        let limit = self.limit;
        let is_late = |call: &mut Call| now.duration_since(call.begun) >= limit;
        let late: Vec<Call> = self.running.extract_if(.., is_late).collect();
        self.abandoned.extend(late.iter().cloned());
        self.unpublished |= !late.is_empty();
        late
    }

    /// Gives up all calls and returns those under way.
    pub(crate) fn clear(&mut self) -> Vec<Call> {
        self.waiting.clear();
        let running = std::mem::take(&mut self.running);
        self.abandoned.extend(running.iter().cloned());
        running
    }

    /// Whether no call is under way or to come.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Whether a thread is in the factory, given up or not.
    pub(crate) fn has_threads(&self) -> bool {
        !self.running.is_empty() || !self.abandoned.is_empty()
    }

    /// When what has come is to be published. `None`: nothing has come.
    pub(crate) fn publish_at(&self) -> Option<Instant> {
        let planned = self.planned_at.filter(|_| self.unpublished)?;
        let published = self.published_at.filter(|published| *published >= planned);
        let is_old = |call: &Call| call.begun < planned;
        let only_old = self.waiting.is_empty() && self.running.iter().all(is_old);
        if self.is_idle() || (only_old && published.is_none()) {
            return Some(planned);
        }
        if let Some(published) = published {
            return published.checked_add(BATCH);
        }
        // Each call has its time from when its thread runs: on a busy machine, too, most endpoints come together.
        let longest = planned.checked_add(LONGEST_GRACE);
        let limits = self.running.iter().map(|call| match call.begun.checked_add(GRACE) {
            Some(limit) if call.runs => Some(limit).min(longest),
            _ => planned.checked_add(LONGEST_START),
        });
        let batch = self.published_at.and_then(|at| at.checked_add(BATCH));
        planned.checked_add(GRACE).max(limits.max().flatten()).max(batch)
    }

    /// What has come is published, or is not to be published. `None`: the latter.
    pub(crate) fn published(&mut self, at: Option<Instant>) {
        self.published_at = at.or(self.published_at);
        self.unpublished = false;
    }

    /// When time alone changes something: `give_up_late`, `next` or `publish_at`.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let limits = self.running.iter().filter_map(|call| call.begun.checked_add(self.limit));
        let latest = self.running.iter().map(|call| call.begun).max().filter(|_| self.may_begin());
        let next = latest.and_then(|begun| begun.checked_add(SLOW));
        limits.chain(next).chain(self.publish_at()).min()
    }
}

/// The one of that identity.
fn find<'a>(missing: &'a [Missing], instance: &Instance) -> Option<&'a Missing> {
    let index = missing.binary_search_by(|one| identity(&one.instance).cmp(&identity(instance)));
    index.ok().map(|index| &missing[index])
}

/// What identifies an instance in a set.
fn identity(instance: &Instance) -> (&str, Option<&str>) {
    (instance.address(), instance.host())
}

#[cfg(all(test, not(loom)))]
mod tests;
