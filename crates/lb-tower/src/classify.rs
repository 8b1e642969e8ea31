use http::Response;
use lb_core::{Outcome, Reported};

use crate::load_report::report_of;

/// Says how a call ended for its endpoint: what [`Balance`](crate::Balance) records on the call's pick.
///
/// Closures over `Result<&Res, &Err>` are one.
pub trait Classify<Res, Err> {
    /// Whether this result is a success of the endpoint or a failure.
    fn outcome(&self, result: Result<&Res, &Err>) -> Outcome;

    /// What the server says of its own load in this response, if it does; see
    /// [`Balance::read_reports`](crate::Balance::read_reports).
    fn report(&self, response: &Res) -> Option<Reported> {
        let _ = response;
        None
    }
}

/// A response is a success, an error a failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByResult;

impl<Res, Err> Classify<Res, Err> for ByResult {
    #[inline]
    fn outcome(&self, result: Result<&Res, &Err>) -> Outcome {
        if result.is_ok() { Outcome::Success } else { Outcome::Failure }
    }
}

impl<Res, Err, F> Classify<Res, Err> for F
where
    F: Fn(Result<&Res, &Err>) -> Outcome,
{
    #[inline]
    fn outcome(&self, result: Result<&Res, &Err>) -> Outcome {
        self(result)
    }
}

/// Classifies as another does, and reads what HTTP responses say of their server's load.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadReports<K>(pub(crate) K);

impl<Body, Err, K: Classify<Response<Body>, Err>> Classify<Response<Body>, Err> for ReadReports<K> {
    #[inline]
    fn outcome(&self, result: Result<&Response<Body>, &Err>) -> Outcome {
        self.0.outcome(result)
    }

    fn report(&self, response: &Response<Body>) -> Option<Reported> {
        report_of(response.headers())
    }
}
