use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Poll, Waker};

use crossbeam_channel::{Receiver, Sender};

use crate::support::{lock, run_caught};
use crate::sync::{AtomicBool, Mutex};
use crate::weak_list::remember;

/// Cancels a context and all that derive from it; see [`Context::with_cancel`](crate::Context::with_cancel).
///
/// Dropping it cancels nothing.
#[derive(Clone, Debug)]
pub struct Canceller(Arc<Node>);

impl Canceller {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }

    /// Cancels. Idempotent; whoever waits for the cancellation is woken before the first call returns.
    pub fn cancel(&self) {
        let mut pending = vec![Arc::clone(&self.0)];
        while let Some(node) = pending.pop() {
            let (wakers, children) = node.cancel_alone();
            for waker in wakers.into_values() {
                run_caught("a waker", || waker.wake());
            }
            pending.extend(children.iter().filter_map(Weak::upgrade));
        }
    }
}

/// A future that is ready when its context is cancelled; see [`Context::on_cancelled`](crate::Context::on_cancelled).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Cancelled {
    node: Option<Arc<Node>>,
    key: Option<u64>,
}

impl Cancelled {
    pub(crate) fn new(node: Option<Arc<Node>>) -> Self {
        Self { node, key: None }
    }
}

impl Future for Cancelled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        let Some(node) = &self.node else { return Poll::Pending };
        match node.wake_on_cancel(self.key, cx.waker()) {
            Some(key) => {
                self.key = Some(key);
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if let (Some(node), Some(key)) = (&self.node, self.key) {
            let forgotten = lock(&node.state).wakers.remove(&key);
            // Outside the lock: it may be the last hold on a task that waits for this context in its turn.
            drop(forgotten);
        }
    }
}

/// One cancellable context. A child holds its parent, so that a cancellation reaches it through contexts that nobody
/// holds any more; a parent knows its children weakly.
pub(crate) struct Node {
    cancelled: AtomicBool,
    state: Mutex<State>,
    /// Made when somebody first asks for it.
    receiver: OnceLock<Receiver<Infallible>>,
    parent: Option<Arc<Node>>,
}

#[derive(Debug, Default)]
struct State {
    sender: Option<Sender<Infallible>>,
    children: Vec<Weak<Node>>,
    wakers: HashMap<u64, Waker>,
    next_key: u64,
}

impl Node {
    pub(crate) fn new(parent: Option<Arc<Node>>) -> Arc<Self> {
        let node = Arc::new(Self {
            cancelled: AtomicBool::new(false),
            state: Mutex::new(State::default()),
            receiver: OnceLock::new(),
            parent,
        });
        if let Some(parent) = &node.parent {
            let mut state = lock(&parent.state);
            if parent.is_cancelled() {
                node.cancelled.store(true, Ordering::Release);
            } else {
                remember(&mut state.children, Arc::downgrade(&node));
            }
        }
        node
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Disconnects on cancellation.
    pub(crate) fn receiver(&self) -> &Receiver<Infallible> {
        self.receiver.get_or_init(|| {
            let (sender, receiver) = crossbeam_channel::bounded(0);
            let mut state = lock(&self.state);
            if !self.is_cancelled() {
                state.sender = Some(sender);
            }
            receiver
        })
    }

    /// Marks this node alone, and hands out whom to wake and whom to cancel next.
    fn cancel_alone(&self) -> (HashMap<u64, Waker>, Vec<Weak<Node>>) {
        let mut state = lock(&self.state);
        self.cancelled.store(true, Ordering::Release);
        state.sender = None;
        (std::mem::take(&mut state.wakers), std::mem::take(&mut state.children))
    }

    /// Registers `waker` under `key`, or under a new one; `None` when the cancellation has come already.
    fn wake_on_cancel(&self, key: Option<u64>, waker: &Waker) -> Option<u64> {
        let waker = waker.clone();
        let mut state = lock(&self.state);
        if self.is_cancelled() {
            return None;
        }
        let key = key.unwrap_or_else(|| {
            state.next_key += 1;
            state.next_key
        });
        let replaced = state.wakers.insert(key, waker);
        drop(state);
        drop(replaced);
        Some(key)
    }
}

/// Says nothing of the parent: a chain of contexts may be long.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

impl Drop for Node {
    /// Lets go of the ancestors one by one: a long chain of contexts must not recurse.
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(mut node) = parent.and_then(Arc::into_inner) {
            parent = node.parent.take();
        }
    }
}
