use std::fmt;

use crate::attempt::Attempt;
use crate::attempt_log::{AttemptLog, KEPT};

/// A request that did not succeed, with every attempt's address and cause; `E` is the endpoint's error.
///
/// ```text
/// retry attempts exceeded (10.0.0.1:80: refused; 10.0.0.2:80: refused)
/// ```
///
/// The causes are part of the message, and whole in [`attempts`](Self::attempts); for that reason `source()` is empty.
///
/// ```
/// use std::time::Duration;
/// use lb_core::{Context, Endpoint, endpoint_fn};
/// use lb_retry::{Cause, Retry};
/// # use lb_static::FixedPublisher;
/// # use lb_strategies::RoundRobin;
/// # let refuses = endpoint_fn(|_, _: u32| Err::<u32, _>("refused"));
/// # let lb = RoundRobin::new(FixedPublisher::new([("10.0.0.1:80", refuses)]));
///
/// let error = Retry::new(1, Duration::from_secs(1), lb).call(&Context::background(), 21).unwrap_err();
/// for attempt in error.attempts() {
///     let address = attempt.address().unwrap_or("nowhere");
///     match attempt.cause() {
///         Cause::Call(error) => println!("{address}: {error}"), // the endpoint's error, as it is
///         cause => println!("{address}: {cause} after {:?}", attempt.elapsed()),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct RetryError<E> {
    pub(crate) reason: Reason,
    pub(crate) log: AttemptLog<E>,
}

impl<E> RetryError<E> {
    /// Why no further attempt was made.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The attempts in the order in which they ended; of more than 32 only the first 16 and the last 16.
    pub fn attempts(&self) -> &[Attempt<E>] {
        self.log.kept()
    }

    /// How many attempts there were, a failed pick being one too.
    pub fn total_attempts(&self) -> u32 {
        self.log.total()
    }
}

#[expect(clippy::missing_fields_in_debug, reason = "the log is shown as its attempts")]
impl<E: fmt::Debug> fmt::Debug for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryError")
            .field("reason", &self.reason)
            .field("attempts", &self.attempts())
            .field("total_attempts", &self.total_attempts())
            .finish()
    }
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut causes = self.causes();
        causes.extend(self.log.holders().iter().map(|(address, threads)| match threads {
            1 => format!("{address} holds 1 thread"),
            threads => format!("{address} holds {threads} threads"),
        }));
        if causes.is_empty() {
            causes.push("no attempt was made".to_owned());
        }
        write!(f, "{} ({})", self.reason, causes.join("; "))
    }
}

impl<E: fmt::Display> RetryError<E> {
    /// What each attempt came to; the same several times in a row is said once.
    fn causes(&self) -> Vec<String> {
        let attempts = self.attempts();
        let kept = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        let omitted = self.total_attempts().saturating_sub(kept);
        let mut runs: Vec<(String, u32)> = Vec::new();
        for (index, attempt) in attempts.iter().enumerate() {
            if index == KEPT && omitted > 0 {
                runs.push((format!("… {omitted} more …"), 1));
            }
            let cause = attempt.to_string();
            match runs.last_mut() {
                Some((last, times)) if *last == cause => *times += 1,
                _ => runs.push((cause, 1)),
            }
        }
        let text = |(cause, times)| if times == 1 { cause } else { format!("{cause} ({times} times)") };
        runs.into_iter().map(text).collect()
    }
}

/// For every error that can be printed: boxed ones and strings are not [`std::error::Error`] themselves.
impl<E: fmt::Debug + fmt::Display> std::error::Error for RetryError<E> {}

/// Why no further attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// All the attempts that are allowed were made.
    AttemptsExceeded,
    /// The time is up, or what is left of it is shorter than the wait before the next attempt.
    DeadlineExceeded,
    /// The caller cancelled its context.
    Cancelled,
    /// Too many abandoned attempts (256) still hold a thread each: their endpoints, which the message names, have not
    /// returned.
    Saturated,
    /// The policy saw no use in another attempt.
    GivenUp,
    /// The request cannot be sent twice.
    NotReplayable,
    /// The operating system gave no thread for the attempt.
    NoThread,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AttemptsExceeded => "retry attempts exceeded",
            Self::DeadlineExceeded => "retry deadline exceeded",
            Self::Cancelled => "retry cancelled",
            Self::Saturated => "retry saturated with abandoned attempts",
            Self::GivenUp => "retry given up",
            Self::NotReplayable => "retry impossible for a request that cannot be sent twice",
            Self::NoThread => "retry got no thread for an attempt",
        })
    }
}
