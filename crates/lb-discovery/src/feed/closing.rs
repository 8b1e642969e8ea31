use std::sync::Arc;
use std::time::Duration;

use lb_core::EndpointSet;
use lb_core::support::drop_caught;

use super::Feed;
use crate::board::Follower;
use crate::sync::lock;

/// For how long dropping a publisher waits for the destructors of its endpoints.
const PATIENCE: Duration = Duration::from_millis(30);

/// Ends a feed when its publisher is dropped.
pub(crate) struct Closer(Arc<dyn Close>);

impl Closer {
    pub(crate) fn new<E: Send + Sync + 'static>(feed: &Arc<Feed<E>>) -> Self {
        Self(Arc::clone(feed) as Arc<dyn Close>)
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        Arc::clone(&self.0).close();
    }
}

trait Close: Send + Sync {
    fn close(self: Arc<Self>);
}

impl<E: Send + Sync + 'static> Close for Feed<E> {
    fn close(self: Arc<Self>) {
        Arc::clone(&self).stop();
        let disposer = Arc::clone(&self.disposer);
        disposer.run(move || self.empty());
        disposer.wait(PATIENCE);
    }
}

impl<E: Send + Sync + 'static> Feed<E> {
    /// Lets go of what was not published, once the calls under way have returned, for which it waits for a moment.
    pub(super) fn abandon(&self) {
        let mut state = lock(&self.state);
        let calls = state.making.clear();
        let writer = std::mem::take(&mut state.writer);
        drop(state);
        self.changed.notify_all();
        for call in calls {
            call.cancel();
        }
        drop_caught("an endpoint", writer);
        self.wait_for_calls();
    }

    /// Lets go of everything, on another thread.
    fn empty(&self) {
        let (calls, writer) = {
            let mut state = lock(&self.state);
            (state.making.clear(), std::mem::take(&mut state.writer))
        };
        self.changed.notify_all();
        for call in calls {
            call.cancel();
        }
        drop_caught("an endpoint", writer);
        drop_caught("an endpoint", self.cell.replace(EndpointSet::new([])));
        let maker = lock(&self.maker).take();
        drop_caught("the factory", maker);
    }
}
