use std::sync::Arc;

use crate::LOG;
use crate::error::SharedError;

/// Logs how discovery is doing: one line for each change, none for each refresh.
#[derive(Debug)]
pub(crate) struct Journal {
    name: Arc<str>,
    /// `None`: it does well, as it did when it began.
    trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Failing,
    Expired,
    NoRecordsKept,
    NoRecords,
    TooFew,
}

impl Journal {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { name, trouble: None }
    }

    pub(crate) fn found(&mut self, instances: usize) {
        if self.trouble.take().is_some() {
            let name = &*self.name;
            log::info!(target: LOG, name; "{name}: discovery has recovered: {instances} instances");
        }
    }

    pub(crate) fn found_nothing(&mut self, kept: usize) {
        if kept > 0 && self.enters(Trouble::NoRecordsKept) {
            let name = &*self.name;
            log::warn!(target: LOG, name; "{name}: discovery found no instances; the last {kept} stay in use");
        }
        if kept == 0 && self.enters(Trouble::NoRecords) {
            let name = &*self.name;
            log::warn!(target: LOG, name; "{name}: discovery found no instances; the set is empty");
        }
    }

    pub(crate) fn found_too_few(&mut self, few: usize, kept: usize) {
        if self.enters(Trouble::TooFew) {
            let name = &*self.name;
            log::warn!(target: LOG, name; "{name}: discovery found {few} instances; the last {kept} stay in use for now");
        }
    }

    pub(crate) fn failed(&mut self, error: &SharedError, kept: usize) {
        if self.trouble != Some(Trouble::Expired) && self.enters(Trouble::Failing) {
            let name = &*self.name;
            log::warn!(target: LOG, name, error:%; "{name}: discovery fails; {kept} instances stay in use: {error}");
        }
    }

    pub(crate) fn expired(&mut self, error: &SharedError) {
        if self.enters(Trouble::Expired) {
            let name = &*self.name;
            log::warn!(target: LOG, name, error:%; "{name}: discovery has failed for too long; its set has expired: {error}");
        }
    }

    fn enters(&mut self, trouble: Trouble) -> bool {
        self.trouble.replace(trouble) != Some(trouble)
    }
}
