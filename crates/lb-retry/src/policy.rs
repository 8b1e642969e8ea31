use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lb_core::{Outcome, Reported};

use crate::attempt_end::{AttemptEnd, AttemptResult};

/// Which ends of an attempt are retried, how a request is sent twice, and what strategies that hash go by.
///
/// [`RetryAll`] is the default; [`RetryBuilder::retry_if`](crate::RetryBuilder::retry_if) and
/// [`RetryBuilder::key_by`](crate::RetryBuilder::key_by) change one answer of it. It runs on the caller's thread. Object
/// safe, and implemented for `&P`, `Box<P>` and `Arc<P>` too.
///
/// ```
/// use std::io;
/// use lb_core::{Outcome, Reported};
/// use lb_retry::{AttemptEnd, AttemptResult, Policy, Verdict};
///
/// /// Sends a request again when it was refused, and when the server says "not now".
/// struct Refused;
///
/// impl Policy<String, u16, io::Error> for Refused {
///     fn replay(&self, request: &String) -> Option<String> {
///         Some(request.clone())
///     }
///
///     fn verdict(&self, end: &AttemptEnd<'_, u16, io::Error>) -> Verdict {
///         match end.result() {
///             AttemptResult::Response(503) => Verdict::Retry,
///             AttemptResult::Response(_) => Verdict::Accept,
///             AttemptResult::Error(error) if error.kind() == io::ErrorKind::ConnectionRefused => Verdict::Retry,
///             _ => Verdict::GiveUp,
///         }
///     }
///
///     /// For strategies such as `PeakEwma` any 5xx is a failure of the server, retried or not.
///     fn outcome(&self, end: &AttemptEnd<'_, u16, io::Error>) -> Outcome {
///         match end.result() {
///             AttemptResult::Response(status) if *status < 500 => Outcome::Success,
///             _ => Outcome::Failure,
///         }
///     }
///
///     fn retries_timeouts(&self) -> bool {
///         false
///     }
/// }
/// ```
pub trait Policy<Req, Res, Err>: Send + Sync {
    /// A copy of the request for one attempt. `None`: it cannot be sent twice; this attempt gets the request itself,
    /// and no other follows.
    ///
    /// Not asked for the last attempt that is allowed: that one always gets the request itself.
    fn replay(&self, request: &Req) -> Option<Req>;

    /// The key for strategies that hash: requests of one key go to one endpoint. Asked once for each request.
    fn key(&self, request: &Req) -> Option<u64> {
        let _ = request;
        None
    }

    /// What to do after an attempt. Asked about every end of one, time-outs too.
    fn verdict(&self, end: &AttemptEnd<'_, Res, Err>) -> Verdict;

    /// How the attempt went for its endpoint: what is recorded on its pick, for the strategies and filters that ask. A
    /// response is a success, all else a failure, unless the policy says otherwise: an HTTP 503 is a failure, whatever the
    /// verdict. Asked once for each attempt whose pick somebody observes, before the verdict; a time-out is recorded when
    /// it happens, not when the endpoint returns.
    fn outcome(&self, end: &AttemptEnd<'_, Res, Err>) -> Outcome {
        match end.result() {
            AttemptResult::Response(_) => Outcome::Success,
            AttemptResult::Error(_) | AttemptResult::TimedOut => Outcome::Failure,
        }
    }

    /// What the server says of its own load in this response, if it does, for strategies that pick by it. Asked where
    /// somebody observes the pick.
    fn report(&self, response: &Res) -> Option<Reported> {
        let _ = response;
        None
    }

    /// Whether [`verdict`](Self::verdict) has time-outs retried, which it has unless it says otherwise here too. Where not,
    /// an attempt gets the whole time of its request; see [`RetryBuilder::attempt_timeout`](crate::RetryBuilder::attempt_timeout).
    fn retries_timeouts(&self) -> bool {
        true
    }
}

/// What to do after an attempt.
///
/// No response is lost: one that is not accepted is the caller's all the same when no other attempt follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The caller gets it. For an error or a time-out the same as [`GiveUp`](Self::GiveUp).
    Accept,
    /// Try again, at once where an endpoint is left that was not tried.
    Retry,
    /// Try again, and not this endpoint before the time has passed; others are tried at once. Zero is
    /// [`Retry`](Self::Retry).
    RetryAfter(Duration),
    /// Another attempt would not help: a response is handed to the caller as it is, an error ends the request.
    GiveUp,
}

/// The default policy: clones the request, and retries every error and every time-out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryAll;

impl<Req: Clone, Res, Err> Policy<Req, Res, Err> for RetryAll {
    fn replay(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }

    #[inline]
    fn verdict(&self, end: &AttemptEnd<'_, Res, Err>) -> Verdict {
        match end.result() {
            AttemptResult::Response(_) => Verdict::Accept,
            AttemptResult::Error(_) | AttemptResult::TimedOut => Verdict::Retry,
        }
    }
}

/// A policy that asks another one, but gives up on time-outs, and on the errors that a predicate is false for; see
/// [`RetryBuilder::retry_if`](crate::RetryBuilder::retry_if).
#[derive(Clone, Copy)]
pub struct RetryIf<P, F> {
    pub(crate) policy: P,
    pub(crate) predicate: F,
}

impl<Req, Res, Err, P, F> Policy<Req, Res, Err> for RetryIf<P, F>
where
    P: Policy<Req, Res, Err>,
    F: Fn(&Err) -> bool + Send + Sync,
{
    fn replay(&self, request: &Req) -> Option<Req> {
        self.policy.replay(request)
    }

    fn key(&self, request: &Req) -> Option<u64> {
        self.policy.key(request)
    }

    #[inline]
    fn verdict(&self, end: &AttemptEnd<'_, Res, Err>) -> Verdict {
        match end.result() {
            AttemptResult::TimedOut => Verdict::GiveUp,
            AttemptResult::Error(error) if !(self.predicate)(error) => Verdict::GiveUp,
            _ => self.policy.verdict(end),
        }
    }

    fn outcome(&self, end: &AttemptEnd<'_, Res, Err>) -> Outcome {
        self.policy.outcome(end)
    }

    fn report(&self, response: &Res) -> Option<Reported> {
        self.policy.report(response)
    }

    fn retries_timeouts(&self) -> bool {
        false
    }
}

/// A policy that asks another one, but takes the key from a closure; see
/// [`RetryBuilder::key_by`](crate::RetryBuilder::key_by).
#[derive(Clone, Copy)]
pub struct KeyBy<P, F> {
    pub(crate) policy: P,
    pub(crate) key: F,
}

impl<Req, Res, Err, P, F, K> Policy<Req, Res, Err> for KeyBy<P, F>
where
    P: Policy<Req, Res, Err>,
    F: Fn(&Req) -> K + Send + Sync,
    K: Into<Option<u64>>,
{
    fn replay(&self, request: &Req) -> Option<Req> {
        self.policy.replay(request)
    }

    fn key(&self, request: &Req) -> Option<u64> {
        (self.key)(request).into()
    }

    #[inline]
    fn verdict(&self, end: &AttemptEnd<'_, Res, Err>) -> Verdict {
        self.policy.verdict(end)
    }

    fn outcome(&self, end: &AttemptEnd<'_, Res, Err>) -> Outcome {
        self.policy.outcome(end)
    }

    fn report(&self, response: &Res) -> Option<Reported> {
        self.policy.report(response)
    }

    fn retries_timeouts(&self) -> bool {
        self.policy.retries_timeouts()
    }
}

macro_rules! forward_policy {
    ($($pointer:ty),*) => {$(
        impl<Req, Res, Err, P: Policy<Req, Res, Err> + ?Sized> Policy<Req, Res, Err> for $pointer {
            fn replay(&self, request: &Req) -> Option<Req> {
                (**self).replay(request)
            }

            fn key(&self, request: &Req) -> Option<u64> {
                (**self).key(request)
            }

            #[inline]
            fn verdict(&self, end: &AttemptEnd<'_, Res, Err>) -> Verdict {
                (**self).verdict(end)
            }

            fn outcome(&self, end: &AttemptEnd<'_, Res, Err>) -> Outcome {
                (**self).outcome(end)
            }

            fn report(&self, response: &Res) -> Option<Reported> {
                (**self).report(response)
            }

            fn retries_timeouts(&self) -> bool {
                (**self).retries_timeouts()
            }
        }
    )*};
}

forward_policy!(&P, Box<P>, Arc<P>);

impl<P: fmt::Debug, F> fmt::Debug for RetryIf<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryIf").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl<P: fmt::Debug, F> fmt::Debug for KeyBy<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyBy").field("policy", &self.policy).finish_non_exhaustive()
    }
}
