use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lb_core::Instance;
use lb_core::support::log_safely;

use crate::LOG;
use crate::error::SharedError;

/// The shortest time from one warning to the next of the same kind.
const A_MINUTE: Duration = Duration::from_secs(60);

/// Logs how discovery is doing: `info` and warnings for changes of state, `debug` for each refresh and each instance that
/// comes or goes. What goes back and forth is summed up: one warning of each kind a minute, and one line for the recovery
/// from it.
#[derive(Debug)]
pub(crate) struct Journal {
    name: Arc<str>,
    /// Whether a first set was found.
    begun: bool,
    /// `None`: it does well, as it did when it began.
    trouble: Option<Trouble>,
    /// Whether the trouble has had its line.
    logged: bool,
    /// When each kind was warned of last, and how often it has come since without a line.
    kinds: [Option<Warned>; KINDS],
}

#[derive(Clone, Copy, Debug)]
struct Warned {
    at: Instant,
    silent: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Failing,
    Expired,
    NoRecordsKept,
    NoRecords,
    TooFew,
}

/// How many kinds of trouble there are.
const KINDS: usize = 5;

impl Journal {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { name, begun: false, trouble: None, logged: false, kinds: [None; KINDS] }
    }

    pub(crate) fn found(&mut self, instances: usize) {
        let first = !std::mem::replace(&mut self.begun, true);
        let name = &*self.name;
        if self.trouble.take().is_some() && std::mem::take(&mut self.logged) {
            log_safely(
                || log::info!(target: LOG, name; "{name}: discovery has recovered: {instances} instances"),
            );
        } else if first {
            log_safely(|| log::info!(target: LOG, name; "{name}: discovery has found {instances} instances"));
        }
    }

    pub(crate) fn found_nothing(&mut self, now: Instant, kept: usize) {
        self.begun = true;
        if kept > 0 {
            let text = format!("discovery found no instances; the last {kept} stay in use");
            self.warn(now, Trouble::NoRecordsKept, &text, None);
        } else {
            self.warn(now, Trouble::NoRecords, "discovery found no instances; the set is empty", None);
        }
    }

    pub(crate) fn found_too_few(&mut self, now: Instant, few: usize, kept: usize) {
        let text = format!("discovery found {few} instances; the last {kept} stay in use for now");
        self.warn(now, Trouble::TooFew, &text, None);
    }

    pub(crate) fn failed(&mut self, now: Instant, error: &SharedError, kept: usize) {
        if self.trouble != Some(Trouble::Expired) {
            let text = format!("discovery fails; {kept} instances stay in use");
            self.warn(now, Trouble::Failing, &text, Some(error));
        }
    }

    pub(crate) fn expired(&mut self, now: Instant, error: &SharedError) {
        let text = "discovery has failed for too long; its set has expired";
        self.warn(now, Trouble::Expired, text, Some(error));
    }

    /// One refresh has ended.
    pub(crate) fn refreshed(&self, outcome: &dyn std::fmt::Display) {
        let name = &*self.name;
        log_safely(|| log::debug!(target: LOG, name; "{name}: refreshed: {outcome}"));
    }

    /// The set follows an answer.
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

    /// Warns when the trouble is new, or had no line so far, unless there was a line for its kind within a minute.
    fn warn(&mut self, now: Instant, trouble: Trouble, text: &str, error: Option<&SharedError>) {
        let new = self.trouble.replace(trouble) != Some(trouble);
        if new {
            self.logged = false;
        }
        if self.logged {
            return;
        }
        let kind = &mut self.kinds[trouble as usize];
        let silent = match kind {
            Some(warned) if now.saturating_duration_since(warned.at) < A_MINUTE => {
                warned.silent += u64::from(new);
                return;
            }
            Some(warned) => warned.silent + u64::from(new),
            None => 1,
        };
        *kind = Some(Warned { at: now, silent: 0 });
        self.logged = true;
        let times =
            if silent > 1 { format!(" ({silent} times since the last warning)") } else { String::new() };
        let name = &*self.name;
        log_safely(|| match error {
            Some(error) => log::warn!(target: LOG, name, error:%; "{name}: {text}{times}: {error}"),
            None => log::warn!(target: LOG, name; "{name}: {text}{times}"),
        });
    }
}
