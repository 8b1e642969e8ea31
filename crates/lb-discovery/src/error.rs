use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lb_core::BoxError;
use lb_core::support::{caught, drop_caught};

/// What a source failed with, shared by everybody who wants to know.
pub(crate) type SharedError = Arc<dyn std::error::Error + Send + Sync>;

/// Why a dynamic publisher cannot be made, or is not ready, or why one of its refreshes failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The publisher's name cannot be one.
    #[error("invalid name {name:?}: {rule}")]
    InvalidName {
        /// The name.
        name: Arc<str>,
        /// What it must be.
        rule: &'static str,
    },
    /// A setting is impossible.
    #[error("invalid {setting} {value:?}: {rule}")]
    InvalidSetting {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        value: Duration,
        /// What it must be.
        rule: String,
    },
    /// The first refresh failed, and the publisher was not allowed to start without an answer.
    #[error("the first discovery of {name} failed: {source}")]
    First {
        /// The publisher's name.
        name: Arc<str>,
        /// What the source failed with.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The first answer had no records, and [`OnEmpty::KeepLast`](crate::OnEmpty::KeepLast) takes that for a mistake,
    /// such as a mistyped name.
    #[error("{name}: {reason}")]
    NoRecords {
        /// The publisher's name.
        name: Arc<str>,
        /// What the source said of it.
        reason: Arc<str>,
    },
    /// Discovery has found instances, and the factory has failed for each of them.
    #[error("{name}: no endpoint could be made for any of {instances} instances: {reason}{}", cure(.reason))]
    NoEndpoints {
        /// The publisher's name.
        name: Arc<str>,
        /// How many instances were found.
        instances: usize,
        /// Which instance failed first, and with what.
        reason: Arc<str>,
    },
    /// A percentage is impossible.
    #[error("invalid {setting} {percent} %: it must be no more than {max} %")]
    InvalidPercent {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        percent: u8,
        /// The most that it may be.
        max: u8,
    },
    /// The operating system gave no thread.
    #[error("no thread for the discovery of {name}: {source}")]
    Thread {
        /// The publisher's name.
        name: Arc<str>,
        /// What the operating system said.
        source: Arc<std::io::Error>,
    },
    /// There was no set to use within the time given.
    #[error("{name} was not ready within {waited:?}{}", because(.source.as_ref()))]
    NotReady {
        /// The publisher's name.
        name: Arc<str>,
        /// For how long it was waited for.
        waited: Duration,
        /// What the source failed with last, if it has.
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
    /// The publisher was stopped before it was ready.
    #[error("the discovery of {name} was stopped{}", because(.source.as_ref()))]
    Stopped {
        /// The publisher's name.
        name: Arc<str>,
        /// What the source failed with last, if it has.
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
    /// Discovery goes on in the process that made the publisher, and this is a fork of it: the set stays as it was.
    #[error("the discovery of {name} does not go on in a forked process: make the publisher after the fork")]
    Forked {
        /// The publisher's name.
        name: Arc<str>,
    },
    /// The discovery thread has ended by itself: a fault of this crate's.
    #[error("discovery has ended: {message}")]
    Ended {
        /// What it ended with.
        message: String,
    },
    /// A refresh failed: the source panicked.
    #[error("the source panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// A refresh failed: the source answered that nothing has changed, and has not answered before.
    #[error("the first answer cannot be \"unchanged\"")]
    NothingBefore,
    /// A refresh failed: every record of the answer was unusable.
    #[error("none of the answer's {skipped} records is usable")]
    NothingUsable {
        /// How many records there were.
        skipped: u64,
    },
}

/// What a source failed with: prints as that did at first, and drops it with care, since both are code of the user's.
pub(crate) struct SourceError {
    text: String,
    /// `Some` until it is dropped.
    error: Option<BoxError>,
}

impl SourceError {
    pub(crate) fn new(error: BoxError) -> Self {
        let text =
            caught("the error's Display", || error.to_string()).unwrap_or_else(|panic| panic.to_string());
        Self { text, error: Some(error) }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceError").field(&self.text).finish()
    }
}

impl Error for SourceError {
    /// What caused the error, not the error itself, whose text this has.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.as_ref()?.source()
    }
}

impl Drop for SourceError {
    fn drop(&mut self) {
        drop_caught("the source's error", self.error.take());
    }
}

/// A first answer without records, which counts as a failure; prints as its reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NothingFound(pub(crate) Arc<str>);

/// An instance without an endpoint; prints as its address and what the factory failed with.
#[derive(Debug, thiserror::Error)]
#[error("no endpoint for {0}")]
pub(crate) struct FactoryFailed(pub(crate) Arc<str>);

/// What to do about a factory that fails for a reason that is well known.
fn cure(reason: &str) -> &'static str {
    let needs_runtime = reason.contains("no reactor running") || reason.contains("Tokio 1.x runtime");
    if needs_runtime { " (the factory needs an async runtime: see `on_runtime` of lb-tower)" } else { "" }
}

fn because(error: Option<&SharedError>) -> String {
    error.map(|error| format!(": {error}")).unwrap_or_default()
}
