use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::DiscoveryError;

/// When a publisher asks its source again after an answer. After a failure a jittered exponential backoff decides,
/// except with [`On`](Self::On).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refresh {
    /// This long after each answer, give or take the [`jitter`](crate::DiscoveryBuilder::jitter). More than zero.
    Every(Duration),
    /// When the answer's time to live has passed, but no sooner than `min` after it and no later than `max`: a TTL of
    /// zero cannot spin. An answer that states no TTL is good for `min`. The
    /// [`jitter`](crate::DiscoveryBuilder::jitter) shortens it, and lengthens the floor where the TTL is below that.
    /// More than zero, and `min` no more than `max`.
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
    /// At once: the source itself waits for news, as it does too where [`Source::watches`](crate::Source::watches) says
    /// so. Asked no more than a hundred times a second unless
    /// [`min_interval`](crate::DiscoveryBuilder::min_interval) says otherwise, so that a source that forgets to wait does
    /// not spin. The backoff of failures begins anew only after a calm of four times its last delay.
    Watch,
}

/// What an authoritative answer without records does.
///
/// As the first answer it is an error with [`KeepLast`](Self::KeepLast), since there is nothing to keep and a mistyped
/// name looks the same, and makes an empty set with the others.
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

/// What an answer does that has far fewer instances than the set: a registry that has lost its memory refills one by one.
///
/// Answers without records are the business of [`OnEmpty`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnShrink {
    /// The set follows at once. The default.
    #[default]
    Follow,
    /// The set stays while answers have fewer instances than this share of it.
    Hold {
        /// The share of the set's instances, in percent, 1 to 100, below which an answer is not followed.
        below_percent: u8,
        /// For how long in an unbroken row of such answers; then the set follows, and the source is asked at that
        /// moment. Failures neither break the row nor count in it. More than zero.
        for_up_to: Duration,
    },
}

/// Everything a builder collects but the source.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) refresh: Refresh,
    pub(crate) on_empty: OnEmpty,
    pub(crate) expire_after: Option<Duration>,
    pub(crate) backoff_min: Duration,
    pub(crate) backoff_max: Duration,
    pub(crate) on_shrink: OnShrink,
    /// `None`: 10 ms for a source that watches, nothing for others.
    pub(crate) min_interval: Option<Duration>,
    pub(crate) jitter_percent: u8,
    pub(crate) factory_timeout: Duration,
}

/// The most that the pauses may be jittered by: a pause is never nothing.
const MAX_JITTER: u8 = 99;

impl Default for Settings {
    fn default() -> Self {
        Self {
            refresh: Refresh::Every(Duration::from_secs(30)),
            on_empty: OnEmpty::default(),
            expire_after: None,
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(30),
            on_shrink: OnShrink::default(),
            min_interval: None,
            jitter_percent: 10,
            factory_timeout: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// Rejects impossible settings.
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
        if let OnShrink::Hold { below_percent, for_up_to } = self.on_shrink {
            no_more_percent_than("OnShrink::Hold below_percent", below_percent, 100)?;
            more_than_zero("OnShrink::Hold for_up_to", for_up_to)?;
        }
        no_more_percent_than("jitter", self.jitter_percent, MAX_JITTER)?;
        more_than_zero("factory_timeout", self.factory_timeout)?;
        more_than_zero("backoff min", self.backoff_min)?;
        no_more_than("backoff min", self.backoff_min, self.backoff_max)
    }
}

/// Rejects an empty name or one with control characters.
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

fn no_more_percent_than(setting: &'static str, percent: u8, max: u8) -> Result<(), DiscoveryError> {
    if percent > max {
        return Err(DiscoveryError::InvalidPercent { setting, percent, max });
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
