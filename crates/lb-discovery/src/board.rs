use std::sync::{Arc, Weak};

use lb_core::{Error, Instance};

use crate::status::Status;
use crate::sync::{Mutex, lock};

/// Where the discovery thread writes what it knows, and everybody else reads it. No code of the user's runs under its
/// lock.
#[derive(Debug)]
pub(crate) struct Board {
    page: Mutex<Page>,
}

/// All that is known at one moment.
#[derive(Debug)]
struct Page {
    news: News,
    status: Status,
    followers: Vec<Weak<dyn Follower>>,
}

/// What a set of endpoints is made from.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// Counts the editions, so that an old one never follows a new one.
    pub(crate) edition: u64,
    /// `None`: there has been no answer yet.
    pub(crate) instances: Option<Arc<[Instance]>>,
    /// Why the set may not be used.
    pub(crate) unusable: Option<Error>,
}

/// Keeps a set of endpoints in step with the board.
pub(crate) trait Follower: Send + Sync + std::fmt::Debug {
    /// Catches up with the board's latest news.
    fn follow(&self, board: &Board);
}

impl Board {
    pub(crate) fn new() -> Self {
        let news = News { edition: 0, instances: None, unusable: Some(Error::NotReady) };
        Self { page: Mutex::new(Page { news, status: Status::default(), followers: Vec::new() }) }
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

    /// Writes the next edition, and has all followers catch up with it on this thread.
    pub(crate) fn publish(&self, change: impl FnOnce(&mut News)) {
        for follower in self.write(change) {
            follower.follow(self);
        }
    }

    /// Adds a follower, and has it catch up on this thread. Those that are gone are forgotten, whether or not there is
    /// ever news again.
    pub(crate) fn admit(&self, follower: &Arc<impl Follower + 'static>) {
        let weak: Weak<dyn Follower> = Arc::downgrade(follower) as Weak<dyn Follower>;
        {
            let followers = &mut lock(&self.page).followers;
            followers.retain(|follower| follower.strong_count() > 0);
            followers.push(weak);
        }
        follower.follow(self);
    }

    fn write(&self, change: impl FnOnce(&mut News)) -> Vec<Arc<dyn Follower>> {
        let page = &mut *lock(&self.page);
        page.news.edition += 1;
        change(&mut page.news);
        page.followers.retain(|follower| follower.strong_count() > 0);
        page.followers.iter().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Idle;

    impl Follower for Idle {
        fn follow(&self, _: &Board) {}
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
