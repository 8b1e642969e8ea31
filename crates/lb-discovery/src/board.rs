use std::sync::{Arc, Weak};
use std::time::Instant;

use lb_core::{Error, Instance};

use crate::error::SharedError;
use crate::makers;
use crate::making::LONGEST_GRACE;
use crate::status::Status;
use crate::sync::{Mutex, lock};

/// Where the discovery thread writes what it knows, and everybody else reads it. No code of the user's runs under its
/// lock.
pub(crate) struct Board {
    page: Mutex<Page>,
}

/// All that is known at one moment.
struct Page {
    news: News,
    status: Status,
    stopped: bool,
    followers: Vec<Weak<dyn Follower>>,
}

/// What a set of endpoints is made from.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// Counts the editions, so that an old one never follows a new one.
    pub(crate) edition: u64,
    /// How many refreshes have ended.
    pub(crate) refreshes: u64,
    /// Counts the reasons to look at the instances again: answers, and endpoints to be made anew.
    pub(crate) answers: u64,
    /// `None`: there has been no answer yet.
    pub(crate) instances: Option<Arc<[Instance]>>,
    /// How many different ones they are.
    pub(crate) distinct: usize,
    /// Why the set may not be used.
    pub(crate) unusable: Option<Error>,
    /// What the latest refresh that failed has failed with.
    pub(crate) error: Option<SharedError>,
    /// Whether the discovery thread has ended by itself.
    pub(crate) ended: bool,
}

impl Default for News {
    fn default() -> Self {
        Self {
            edition: 0,
            refreshes: 0,
            answers: 0,
            instances: None,
            distinct: 0,
            unusable: Some(Error::NotReady),
            error: None,
            ended: false,
        }
    }
}

/// Keeps a set of endpoints in step with the board.
pub(crate) trait Follower: Send + Sync {
    /// Begins to catch up with the board's latest news.
    fn follow(self: Arc<Self>, board: &Board, now: Instant);
    /// Goes on with that until it is done, or that moment has come.
    fn finish(self: Arc<Self>, until: Instant);
    /// Tells those who wait for a set.
    fn tell(&self);
    /// Publishes nothing any more, and lets go of what was not published, on another thread.
    fn stop(self: Arc<Self>);
    /// Waits for that, but no longer than until that moment.
    fn wait_stopped(&self, until: Instant);
}

impl Board {
    pub(crate) fn new() -> Self {
        let (news, status) = (News::default(), Status::default());
        Self { page: Mutex::new(Page { news, status, stopped: false, followers: Vec::new() }) }
    }

    pub(crate) fn news(&self) -> News {
        lock(&self.page).news.clone()
    }

    pub(crate) fn status(&self) -> Status {
        lock(&self.page).status.clone()
    }

    /// Changes the status alone.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.page).status);
    }

    /// Writes the next edition, and has all followers catch up with it, for which it waits for a moment.
    pub(crate) fn publish(&self, change: impl FnOnce(&mut News)) {
        let followers = self.write(change);
        let now = makers::now();
        for follower in &followers {
            Arc::clone(follower).follow(self, now);
        }
        for follower in followers {
            follower.finish(now + LONGEST_GRACE);
        }
    }

    /// Tells all who wait for a set.
    pub(crate) fn tell(&self) {
        for follower in self.followers() {
            follower.tell();
        }
    }

    /// Nothing more will come.
    pub(crate) fn stop(&self) {
        {
            let page = &mut *lock(&self.page);
            page.stopped = true;
            page.status.next_refresh = None;
        }
        for follower in self.followers() {
            follower.stop();
        }
    }

    /// Adds a follower, and has it catch up, for which it waits for a moment. Those that are gone are forgotten, whether
    /// or not there is ever news again.
    pub(crate) fn admit(&self, follower: &Arc<impl Follower + 'static>) {
        let weak: Weak<dyn Follower> = Arc::downgrade(follower) as Weak<dyn Follower>;
        {
            let followers = &mut lock(&self.page).followers;
            followers.retain(|follower| follower.strong_count() > 0);
            followers.push(weak);
        }
        let now = makers::now();
        Arc::clone(follower).follow(self, now);
        Arc::clone(follower).finish(now + LONGEST_GRACE);
        follower.tell();
    }

    /// Waits until all followers have let go of what they did not publish, but no longer than until that moment.
    pub(crate) fn wait_stopped(&self, until: Instant) {
        for follower in self.followers() {
            follower.wait_stopped(until);
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        lock(&self.page).stopped
    }

    fn followers(&self) -> Vec<Arc<dyn Follower>> {
        lock(&self.page).followers.iter().filter_map(Weak::upgrade).collect()
    }

    fn write(&self, change: impl FnOnce(&mut News)) -> Vec<Arc<dyn Follower>> {
        let page = &mut *lock(&self.page);
        page.news.edition += 1;
        change(&mut page.news);
        page.followers.retain(|follower| follower.strong_count() > 0);
        page.followers.iter().filter_map(Weak::upgrade).collect()
    }
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Idle;

    impl Follower for Idle {
        fn follow(self: Arc<Self>, _: &Board, _: Instant) {}
        fn finish(self: Arc<Self>, _: Instant) {}
        fn tell(&self) {}
        fn stop(self: Arc<Self>) {}
        fn wait_stopped(&self, _: Instant) {}
    }

    #[test]
    fn followers_that_come_and_go_leave_nothing_behind() {
        let board = Board::new();
        for _ in 0..100 {
            board.admit(&Arc::new(Idle));
        }
        assert_eq!(lock(&board.page).followers.len(), 1);
    }
}
