use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::cancel::{Cancelled, Canceller, Node};

/// The deadline and the cancellation of one request.
///
/// Contexts form a tree: one that derives from another is done whenever its parent is. Only
/// [`with_cancel`](Self::with_cancel) allocates; everything else, `clone` included, copies.
///
/// ```
/// use std::time::Duration;
/// use lb_core::Context;
///
/// let (ctx, canceller) = Context::background().with_timeout(Duration::from_secs(5)).with_cancel();
/// assert!(!ctx.is_done());
/// canceller.cancel();
/// assert!(ctx.is_done());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Context {
    deadline: Option<Instant>,
    cancel: Option<Arc<Node>>,
}

impl Context {
    /// No deadline, and never cancelled.
    pub fn background() -> Self {
        Self::default()
    }

    /// Sets a deadline `timeout` from now; the sooner deadline wins. A timeout past the clock's range is none.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller gives a duration from now; logic uses with_deadline"
    )]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.with_deadline(deadline),
            None => self.clone(),
        }
    }

    /// Sets a deadline; the sooner one wins.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        let sooner = self.deadline.map_or(deadline, |own| own.min(deadline));
        Self { deadline: Some(sooner), cancel: self.cancel.clone() }
    }

    /// A context that the canceller ends, with all that derive from it, but never its parent.
    #[must_use]
    pub fn with_cancel(&self) -> (Self, Canceller) {
        let node = Node::new(self.cancel.clone());
        (Self { deadline: self.deadline, cancel: Some(Arc::clone(&node)) }, Canceller::new(node))
    }

    /// A channel that disconnects on cancellation, to be `select!`ed on. The deadline does not disconnect it.
    pub fn cancelled(&self) -> &Receiver<Infallible> {
        static NEVER: LazyLock<Receiver<Infallible>> = LazyLock::new(crossbeam_channel::never);
        self.cancel.as_deref().map_or(&*NEVER, Node::receiver)
    }

    /// A future that is ready on cancellation, on any runtime. The deadline does not wake it.
    pub fn on_cancelled(&self) -> Cancelled {
        Cancelled::new(self.cancel.clone())
    }

    /// The moment after which nobody waits for the response.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time left. `None`: there is no deadline. Zero: it has passed.
    #[expect(clippy::disallowed_methods, reason = "the time left is a question to the clock")]
    pub fn remaining(&self) -> Option<Duration> {
        Some(self.deadline?.saturating_duration_since(Instant::now()))
    }

    /// Whether the deadline has passed or the context was cancelled. Reads the clock only when there is a deadline.
    pub fn is_done(&self) -> bool {
        self.is_cancelled() || self.remaining().is_some_and(|left| left.is_zero())
    }

    /// Whether the context was cancelled, whatever its deadline. Cost: one atomic load.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|node| node.is_cancelled())
    }
}
