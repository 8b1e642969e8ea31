use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Waker;

use crossbeam_channel::{Receiver, Sender, bounded};
use lb_core::{LoadBalancer, Observer};

/// Wakes a request that waits for endpoints when the set changes. A request that waits picks again from time to time all
/// the same: not every balancer can tell.
#[derive(Debug)]
pub(crate) struct Wakeup {
    changed: Receiver<()>,
    #[cfg_attr(
        not(feature = "tokio"),
        expect(dead_code, reason = "the balancer knows it weakly: this keeps it")
    )]
    observer: Arc<Changed>,
}

#[derive(Debug)]
struct Changed {
    sender: Sender<()>,
    #[cfg_attr(not(feature = "tokio"), allow(dead_code, reason = "the asynchronous driver's"))]
    waker: Mutex<Option<Waker>>,
}

impl Wakeup {
    /// From now on a change of what `balancer` picks from is noticed.
    pub(crate) fn subscribed(balancer: &impl LoadBalancer) -> Self {
        let (sender, changed) = bounded(1);
        let observer = Arc::new(Changed { sender, waker: Mutex::new(None) });
        let weak: Weak<Changed> = Arc::downgrade(&observer);
        balancer.subscribe(weak);
        Self { changed, observer }
    }

    /// Receives once after a change.
    pub(crate) fn changed(&self) -> &Receiver<()> {
        &self.changed
    }

    /// Ready once after a change.
    #[cfg(feature = "tokio")]
    pub(crate) fn poll_changed(&self, task: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        let waker = Some(task.waker().clone());
        let before = std::mem::replace(
            &mut *self.observer.waker.lock().unwrap_or_else(PoisonError::into_inner),
            waker,
        );
        // Outside of the lock: it may be the last hold on a task.
        drop(before);
        // After the waker is there, so that no change falls between.
        if self.changed.try_recv().is_ok() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }
}

impl Observer for Changed {
    fn changed(&self) {
        // Full: a change is noted already.
        let _ = self.sender.try_send(());
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
