use std::sync::{Arc, Weak};

use lb_core::{Canceller, Context, LoadBalancer, Observer};

/// Notices the next change of the endpoints that a balancer picks from. Whoever waits for it picks again from time to time
/// all the same: not every balancer can tell.
#[derive(Debug)]
pub(crate) struct Change {
    /// Is cancelled by the change.
    come: Context,
    /// The balancer knows it weakly: this keeps it.
    _observer: Arc<Changed>,
}

#[derive(Debug)]
struct Changed(Canceller);

impl Change {
    /// From now on.
    pub(crate) fn of(balancer: &impl LoadBalancer) -> Self {
        let (come, canceller) = Context::background().with_cancel();
        let observer = Arc::new(Changed(canceller));
        let weak: Weak<Changed> = Arc::downgrade(&observer);
        balancer.subscribe(weak);
        Self { come, _observer: observer }
    }

    /// A context that the change cancels.
    pub(crate) fn come(&self) -> &Context {
        &self.come
    }
}

impl Observer for Changed {
    fn changed(&self) {
        self.0.cancel();
    }
}
