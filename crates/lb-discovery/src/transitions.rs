//! What is logged when the state of discovery changes: `info` for the first set and for recoveries, a warning for each kind
//! of trouble, `debug` for each refresh and each instance that comes or goes.
//!
//! Flapping is summed up. The first trouble of a kind has its warning at once. Warnings that repeat a kind come at most once
//! a minute, whatever their kinds, and say how often trouble has begun since the last warning. A recovery has a line if its
//! trouble had one.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lb_core::Instance;
use lb_core::support::log_safely;

use crate::LOG;
use crate::error::SharedError;

/// The shortest time from one warning to one that repeats a kind.
const SPACING: Duration = Duration::from_secs(60);

/// How many kinds of trouble there are.
const KINDS: usize = 5;

/// The log of one discovery's changes of state.
#[derive(Debug)]
pub(crate) struct Transitions {
    name: Arc<str>,
    /// Whether a first set was found.
    begun: bool,
    /// The trouble that lasts. `None`: there is none.
    lasting: Option<Trouble>,
    /// Whether the trouble that lasts was warned of.
    warned: bool,
    last_warning: Option<Instant>,
    /// How often each kind has begun since the last warning. `None`: it was never warned of.
    since: [Option<u64>; KINDS],
}

/// Why the set does not follow what the source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Failing,
    Expired,
    NothingFound,
    Emptied,
    TooFew,
}

impl Transitions {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { name, begun: false, lasting: None, warned: false, last_warning: None, since: [None; KINDS] }
    }

    /// The set follows an answer with instances.
    pub(crate) fn recovered(&mut self, instances: usize) {
        let first = !std::mem::replace(&mut self.begun, true);
        let name = &*self.name;
        if self.lasting.take().is_some() && std::mem::take(&mut self.warned) {
            log_safely(
                || log::info!(target: LOG, name; "{name}: discovery has recovered: {instances} instances"),
            );
        } else if first {
            log_safely(|| log::info!(target: LOG, name; "{name}: discovery has found {instances} instances"));
        }
    }

    /// There is trouble, new or lasting: so many instances were found, and so many stay in use.
    pub(crate) fn trouble(&mut self, now: Instant, trouble: Trouble, found: usize, kept: usize) {
        self.begun = true;
        let text = match trouble {
            Trouble::NothingFound => format!("discovery found no instances; the last {kept} stay in use"),
            Trouble::Emptied => "discovery found no instances; the set is empty".to_owned(),
            _ => format!("discovery found {found} instances; the last {kept} stay in use for now"),
        };
        self.warn(now, trouble, &text, None);
    }

    /// A refresh has failed.
    pub(crate) fn failed(&mut self, now: Instant, error: &SharedError, kept: usize) {
        if self.lasting != Some(Trouble::Expired) {
            let text = format!("discovery fails; {kept} instances stay in use");
            self.warn(now, Trouble::Failing, &text, Some(error));
        }
    }

    /// Refreshes have failed for too long.
    pub(crate) fn expired(&mut self, now: Instant, error: &SharedError) {
        let text = "discovery has failed for too long; its set has expired";
        self.warn(now, Trouble::Expired, text, Some(error));
    }

    fn warn(&mut self, now: Instant, trouble: Trouble, text: &str, error: Option<&SharedError>) {
        let kind = trouble as usize;
        if self.lasting.replace(trouble) != Some(trouble) {
            self.warned = false;
            self.since[kind] = self.since[kind].map(|count| count + 1);
        }
        let recent = self.last_warning.is_some_and(|last| now.saturating_duration_since(last) < SPACING);
        if self.warned || (recent && self.since[kind].is_some()) {
            return;
        }
        let summary = self.summary(kind);
        self.since = self.since.map(|count| count.map(|_| 0));
        self.since[kind] = Some(0);
        (self.warned, self.last_warning) = (true, Some(now));
        let name = &*self.name;
        log_safely(|| match error {
            Some(error) => log::warn!(target: LOG, name, error:%; "{name}: {text}{summary}: {error}"),
            None => log::warn!(target: LOG, name; "{name}: {text}{summary}"),
        });
    }

    /// How often trouble has begun since the last warning, this one included.
    fn summary(&self, kind: usize) -> String {
        let own = self.since[kind].unwrap_or(1);
        let others = self.since.iter().flatten().sum::<u64>() - self.since[kind].unwrap_or(0);
        match (own, others) {
            (0 | 1, 0) => String::new(),
            (own, 0) => format!(" ({own} times since the last warning)"),
            (own, others) => {
                format!(" ({own} times since the last warning, other trouble {others} times)")
            }
        }
    }

    /// An answer has an instance twice, of which the first counts.
    pub(crate) fn repeated(&self, instance: &Instance) {
        let (name, instance) = (&*self.name, instance.address());
        log_safely(
            || log::debug!(target: LOG, name, instance; "{name}: {instance} was given twice, the first counts"),
        );
    }

    /// A refresh has ended.
    pub(crate) fn refreshed(&self, outcome: &dyn fmt::Display) {
        let name = &*self.name;
        log_safely(|| log::debug!(target: LOG, name; "{name}: refreshed: {outcome}"));
    }

    /// The set is made from other instances than before.
    pub(crate) fn replaced(&self, before: &[Instance], after: &[Instance]) {
        log_safely(|| {
            if log::log_enabled!(target: LOG, log::Level::Debug) {
                self.log_changes(before, after);
            }
        });
    }

    fn log_changes(&self, before: &[Instance], after: &[Instance]) {
        let name = &*self.name;
        let [before, after] = [before, after]
            .map(|instances| instances.iter().map(|i| (i.address(), i.host())).collect::<BTreeSet<_>>());
        for (instance, _) in after.difference(&before) {
            log::debug!(target: LOG, name, instance; "{name}: {instance} has come");
        }
        for (instance, _) in before.difference(&after) {
            log::debug!(target: LOG, name, instance; "{name}: {instance} has gone");
        }
    }
}
