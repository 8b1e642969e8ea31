//! Observers made of closures.

use std::sync::{Arc, Weak};

use lb_core::{Observer, Publisher};

/// Calls its closure at each change.
pub(crate) struct Watch<F>(pub(crate) F);

impl<F: Fn() + Send + Sync> Observer for Watch<F> {
    fn changed(&self) {
        (self.0)();
    }
}

/// Subscribes `told` to `publisher`, for as long as the returned value lives.
pub(crate) fn watch<F>(publisher: &impl Publisher, told: F) -> Arc<dyn Observer>
where
    F: Fn() + Send + Sync + 'static,
{
    let observer: Arc<dyn Observer> = Arc::new(Watch(told));
    let weak: Weak<dyn Observer> = Arc::downgrade(&observer);
    assert!(publisher.subscribe(weak), "the publisher tells");
    observer
}
