use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lb_core::Error;

/// One attempt of a request that did not succeed.
#[derive(Clone, Debug)]
pub struct Attempt<E> {
    pub(crate) address: Option<Arc<str>>,
    /// The name of the service, where there is no address.
    pub(crate) service: Option<Arc<str>>,
    pub(crate) cause: Cause<E>,
    pub(crate) elapsed: Duration,
}

impl<E> Attempt<E> {
    /// Where the request was sent; `None` when there was no endpoint to send it to.
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Why it did not succeed.
    pub fn cause(&self) -> &Cause<E> {
        &self.cause
    }

    /// How long it took, or how long it was waited for.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// Prints as `10.0.0.1:80: refused`, or as `api.example: no endpoints available` where the balancer has a name.
impl<E: fmt::Display> fmt::Display for Attempt<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, &self.service, &self.cause) {
            // It names the service itself.
            (None, Some(_), Cause::Pick(Error::Discovery { .. })) | (None, None, _) => {}
            (Some(name), ..) | (None, Some(name), _) => write!(f, "{name}: ")?,
        }
        self.cause.fmt(f)
    }
}

/// Why an attempt did not succeed; `E` is the endpoint's error.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause<E> {
    /// There was no endpoint to pick.
    Pick(Error),
    /// The endpoint returned an error.
    Call(E),
    /// There was no answer within the attempt's time, or within what was left of the request's.
    TimedOut,
    /// The caller cancelled its context while the attempt was in flight.
    Cancelled,
    /// There was a response, but the policy wanted another one.
    Rejected,
}

impl<E: fmt::Display> fmt::Display for Cause<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pick(error) => error.fmt(f),
            Self::Call(error) => error.fmt(f),
            Self::TimedOut => f.write_str("timed out"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Rejected => f.write_str("response rejected"),
        }
    }
}
