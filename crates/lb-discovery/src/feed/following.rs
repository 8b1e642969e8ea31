use std::sync::Arc;
use std::time::Instant;

use lb_core::RetiredSet;

use super::{Feed, State};
use crate::board::{Board, Follower};
use crate::makers;
use crate::making::Call;
use crate::sync::lock;

impl<E: Send + Sync + 'static> Follower for Feed<E> {
    fn follow(self: Arc<Self>, board: &Board, now: Instant) {
        self.apply(board, now);
        self.start_calls(now);
    }

    fn finish(self: Arc<Self>, until: Instant) {
        self.supervise(Some(until));
    }

    fn tell(&self) {
        self.tell_gate();
    }

    fn stop(self: Arc<Self>) {
        let before = std::mem::replace(&mut *lock(&self.stopped), true);
        self.gate.stop();
        self.changed.notify_all();
        if !before {
            let disposer = Arc::clone(&self.disposer);
            disposer.run(move || self.abandon());
        }
    }

    fn wait_stopped(&self, until: Instant) {
        self.disposer.wait(until.saturating_duration_since(makers::now()));
    }
}

impl<E: Send + Sync + 'static> Feed<E> {
    /// Applies the latest news. Returns calls of the factory that nobody needs any more.
    fn apply(&self, board: &Board, now: Instant) {
        let (mut retired, mut needless) = (None, Vec::new());
        {
            let mut state = lock(&self.state);
            let news = board.news();
            if self.is_stopped() || news.edition <= state.news.edition {
                return;
            }
            let answered = news.answers > state.news.answers;
            state.news = news;
            if answered {
                (retired, needless) = self.want(&mut state, now);
            }
        }
        self.retire(retired);
        for call in needless {
            call.cancel();
        }
    }

    fn want(&self, state: &mut State<E>, now: Instant) -> (Option<RetiredSet<E>>, Vec<Call>) {
        let (Some(instances), Some(maker)) = (state.news.instances.clone(), self.maker()) else {
            return (None, Vec::new());
        };
        for id in std::mem::take(&mut *lock(&self.renewals)) {
            state.writer.renew(id);
        }
        // What has come and is not published is published now: else its destructors might run here.
        let retired = match state.writer.take_set() {
            Some(set) if set.is_empty() => {
                state.withheld = true;
                None
            }
            Some(set) => {
                state.withheld = false;
                state.outcome.endpoints = set.len();
                self.swap(set)
            }
            None => None,
        };
        let missing = state.writer.want(instances.to_vec(), |old, new| maker.reusable(old, new));
        maker.retain(&missing);
        state.outcome.wanted = state.news.distinct;
        if missing.is_empty() {
            state.outcome.failure = None;
        }
        state.settled = false;
        (retired, state.making.want(now, missing))
    }
}
