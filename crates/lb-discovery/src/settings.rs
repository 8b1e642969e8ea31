use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::DiscoveryError;

/// When a publisher asks its source again after an answer. After a failure a jittered exponential backoff decides,
/// except with [`On`](Self::On).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refresh {
    /// This long after each answer. More than zero.
    Every(Duration),
    /// When the answer's time to live has passed, but no sooner than `min` after it and no later than `max`: a TTL of
    /// zero cannot spin. An answer that states no TTL is good for `min`. More than zero, and `min` no more than `max`.
    Ttl {
        /// The floor.
        min: Duration,
        /// The cap.
        max: Duration,
    },
    /// On each tick, and by no clock but the ticks': for tests, and for users with a clock of their own. The first fetch
    /// happens at once; a tick's instant is the time of its refresh, and the time at which expiry and
    /// [`OnEmpty::EmptyAfter`] are judged. The ticks may begin earlier than the publisher did; from then on time never
    /// goes back: a tick earlier than the latest one counts as that one. Closing the channel ends the ticks and keeps the
    /// set.
    On(Receiver<Instant>),
    /// At once: the source itself waits for news. Asked no more than a hundred times a second, so that a source that
    /// forgets to wait does not spin.
    Watch,
}

/// What an authoritative answer without records does to a set that has some. A first answer without records is taken
/// as it is, whatever the setting: the set is known, and empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnEmpty {
    /// The set stays: what is potentially good is not replaced by bad. The default.
    #[default]
    KeepLast,
    /// The set is emptied at once.
    Empty,
    /// The set is emptied by the first answer without records that comes this long after the first of its row; the
    /// source is asked at that moment. Failures neither break the row nor count in it. More than zero. Right for
    /// Kubernetes, where a service without a ready pod is NXDOMAIN.
    EmptyAfter(Duration),
}

/// Everything a builder collects but the source.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) refresh: Refresh,
    pub(crate) on_empty: OnEmpty,
    pub(crate) expire_after: Option<Duration>,
    pub(crate) backoff_min: Duration,
    pub(crate) backoff_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            refresh: Refresh::Every(Duration::from_secs(30)),
            on_empty: OnEmpty::default(),
            expire_after: None,
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Refuses what cannot be meant.
    pub(crate) fn check(&self) -> Result<(), DiscoveryError> {
        match self.refresh {
            Refresh::Every(period) => more_than_zero("Refresh::Every", period)?,
            Refresh::Ttl { min, max } => {
                more_than_zero("Refresh::Ttl min", min)?;
                no_more_than("Refresh::Ttl min", min, max)?;
            }
            Refresh::On(_) | Refresh::Watch => {}
        }
        if let OnEmpty::EmptyAfter(after) = self.on_empty {
            more_than_zero("OnEmpty::EmptyAfter", after)?;
        }
        if let Some(after) = self.expire_after {
            more_than_zero("expire_after", after)?;
        }
        more_than_zero("backoff min", self.backoff_min)?;
        no_more_than("backoff min", self.backoff_min, self.backoff_max)
    }
}

/// Refuses a name that tells nothing, or that no thread can bear.
pub(crate) fn check_name(name: &Arc<str>) -> Result<(), DiscoveryError> {
    let refused = |rule| Err(DiscoveryError::InvalidName { name: Arc::clone(name), rule });
    if name.trim().is_empty() {
        return refused("it must not be empty");
    }
    if name.contains(char::is_control) {
        return refused("it must not contain control characters");
    }
    Ok(())
}

fn more_than_zero(setting: &'static str, value: Duration) -> Result<(), DiscoveryError> {
    if value.is_zero() {
        return Err(DiscoveryError::InvalidSetting {
            setting,
            value,
            rule: "it must be more than zero".into(),
        });
    }
    Ok(())
}

fn no_more_than(setting: &'static str, value: Duration, max: Duration) -> Result<(), DiscoveryError> {
    if value > max {
        return Err(DiscoveryError::InvalidSetting {
            setting,
            value,
            rule: format!("it must be no more than max, {max:?}"),
        });
    }
    Ok(())
}
