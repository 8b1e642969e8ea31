use std::fmt;

use crate::{Policy, Verdict};

/// A policy that asks another one, but gives up on the errors that a predicate is false for; see
/// [`RetryBuilder::retry_if`](crate::RetryBuilder::retry_if).
#[derive(Clone, Copy)]
pub struct RetryIf<P, F> {
    policy: P,
    predicate: F,
}

impl<P, F> RetryIf<P, F> {
    pub(crate) fn new(policy: P, predicate: F) -> Self {
        Self { policy, predicate }
    }
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

    fn verdict(&self, result: Result<&Res, &Err>) -> Verdict {
        match result {
            Err(error) if !(self.predicate)(error) => Verdict::GiveUp,
            result => self.policy.verdict(result),
        }
    }
}

impl<P: fmt::Debug, F> fmt::Debug for RetryIf<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryIf").field("policy", &self.policy).finish_non_exhaustive()
    }
}
