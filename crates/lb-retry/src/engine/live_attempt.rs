use std::time::Instant;

use lb_core::Context;

/// A live attempt; given back when it ends, so that none ends twice.
#[derive(Debug)]
pub struct LiveAttempt {
    pub(crate) number: u32,
    pub(crate) started: Instant,
    pub(crate) deadline: Option<Instant>,
}

impl LiveAttempt {
    /// Which attempt of the request it is, counted from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When to stop waiting for it. `None`: never.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The context of the attempt, which derives from the caller's.
    pub(crate) fn context(&self, ctx: &Context) -> Context {
        match self.deadline {
            Some(deadline) => ctx.with_deadline(deadline),
            None => ctx.clone(),
        }
    }
}
