use std::time::Instant;

use lb_core::Context;

use crate::error::Reason;

/// What whoever drives an [`Engine`](crate::Engine) is to do next, and what to tell the engine then.
#[derive(Debug)]
pub enum Step {
    /// Pick an endpoint, avoiding [`Engine::tried`](crate::Engine::tried), and tell [`picked`](crate::Engine::picked),
    /// [`pick_failed`](crate::Engine::pick_failed) or [`not_ready`](crate::Engine::not_ready).
    Pick,
    /// Send the request through the pick. When the attempt fails, tell [`ended`](crate::Engine::ended); when it succeeds,
    /// the request is over.
    Call(LiveAttempt),
    /// Let the pick go and wait until then, then tell [`woke`](crate::Engine::woke). Without a time: until one of the
    /// attempts that are still alive has ended. Whoever makes one attempt at a time is never told that.
    Wait(Option<Instant>),
    /// It is over; attempts that are still alive are to be cancelled.
    Finish(Reason),
}

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
    #[inline]
    pub(crate) fn context(&self, ctx: &Context) -> Context {
        match self.deadline {
            Some(deadline) => ctx.with_deadline(deadline),
            None => ctx.clone(),
        }
    }
}
