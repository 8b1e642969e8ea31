use lb_core::Outcome;

/// Says how a call ended for its endpoint: what [`Balance`](crate::Balance) records on the call's pick.
///
/// Closures over `Result<&Res, &Err>` are one.
pub trait Classify<Res, Err> {
    /// Whether this result is a success of the endpoint or a failure.
    fn outcome(&self, result: Result<&Res, &Err>) -> Outcome;
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
