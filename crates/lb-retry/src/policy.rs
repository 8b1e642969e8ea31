use std::time::Duration;

/// Which results are retried, how a request is sent twice, and what strategies that hash go by.
///
/// [`RetryAll`] is the default; [`RetryBuilder::retry_if`](crate::RetryBuilder::retry_if) and
/// [`RetryBuilder::key_by`](crate::RetryBuilder::key_by) change one answer of it. It runs on the caller's thread.
///
/// ```
/// use std::io;
/// use lb_retry::{Policy, Verdict};
///
/// /// Sends a request again when it was refused, and when the server says "not now".
/// struct Refused;
///
/// impl Policy<String, u16, io::Error> for Refused {
///     fn replay(&self, request: &String) -> Option<String> {
///         Some(request.clone())
///     }
///
///     fn verdict(&self, result: Result<&u16, &io::Error>) -> Verdict {
///         match result {
///             Ok(503) => Verdict::Retry,
///             Ok(_) => Verdict::Accept,
///             Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Verdict::Retry,
///             Err(_) => Verdict::GiveUp,
///         }
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

    /// What to do with the result of an attempt.
    fn verdict(&self, result: Result<&Res, &Err>) -> Verdict;
}

/// What to do with the result of an attempt.
///
/// No response is lost: one that is not accepted is the caller's all the same when no other attempt follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The caller gets it. For an error the same as [`GiveUp`](Self::GiveUp).
    Accept,
    /// Try again, at once where an endpoint is left that was not tried.
    Retry,
    /// Try again, but not before this time has passed. Zero is [`Retry`](Self::Retry).
    RetryAfter(Duration),
    /// Another attempt would not help: a response is handed to the caller as it is, an error ends the request.
    GiveUp,
}

/// The default policy: clones the request, and retries every error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryAll;

impl<Req: Clone, Res, Err> Policy<Req, Res, Err> for RetryAll {
    fn replay(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }

    fn verdict(&self, result: Result<&Res, &Err>) -> Verdict {
        if result.is_ok() { Verdict::Accept } else { Verdict::Retry }
    }
}
