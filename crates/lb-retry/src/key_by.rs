use std::fmt;

use crate::{Policy, Verdict};

/// A policy that asks another one, but takes the key from a closure; see
/// [`RetryBuilder::key_by`](crate::RetryBuilder::key_by).
#[derive(Clone, Copy)]
pub struct KeyBy<P, F> {
    policy: P,
    key: F,
}

impl<P, F> KeyBy<P, F> {
    pub(crate) fn new(policy: P, key: F) -> Self {
        Self { policy, key }
    }
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

    fn verdict(&self, result: Result<&Res, &Err>) -> Verdict {
        self.policy.verdict(result)
    }
}

impl<P: fmt::Debug, F> fmt::Debug for KeyBy<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyBy").field("policy", &self.policy).finish_non_exhaustive()
    }
}
