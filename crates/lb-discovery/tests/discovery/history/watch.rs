//! Looks at the sets of one publisher, and what is true of any row of looks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use lb_core::{Observer, Pick, Publisher};
use lb_discovery::DiscoveryPublisher;
use lb_test::{Counted, CountingFactory};

use crate::common::until;

/// A set: the weight by address. A weight is the number of the answer that gave it.
pub(super) type Set = BTreeMap<String, u32>;

/// One publisher, and two rows of looks at it.
pub(super) struct Watched {
    pub(super) publisher: Arc<DiscoveryPublisher<Counted>>,
    pub(super) counts: CountingFactory,
    looks: Mutex<Vec<Set>>,
    told: Arc<Told>,
    held: Vec<Pick<Counted>>,
}

/// Looks at each change that it is told of.
struct Told {
    publisher: Weak<DiscoveryPublisher<Counted>>,
    looks: Mutex<Vec<Set>>,
}

impl Observer for Told {
    fn changed(&self) {
        if let Some(set) = self.publisher.upgrade().and_then(|publisher| set_of(&publisher)) {
            self.looks.lock().unwrap_or_else(PoisonError::into_inner).push(set);
        }
    }
}

/// The current set. `None`: it may not be used.
fn set_of(publisher: &DiscoveryPublisher<Counted>) -> Option<Set> {
    let set = publisher.endpoints().ok()?;
    let weights = (0..set.len()).filter_map(|index| set.pick(index)).map(|pick| {
        assert_eq!(pick.address(), pick.instance().address(), "made for another address");
        (pick.address().to_owned(), pick.instance().weight())
    });
    Some(weights.collect())
}

impl Watched {
    pub(super) fn new(publisher: DiscoveryPublisher<Counted>, counts: CountingFactory) -> Self {
        let publisher = Arc::new(publisher);
        let told = Arc::new(Told { publisher: Arc::downgrade(&publisher), looks: Mutex::default() });
        let weak: Weak<dyn Observer> = Arc::<Told>::downgrade(&told);
        assert!(publisher.subscribe(weak));
        Self { publisher, counts, looks: Mutex::default(), told, held: Vec::new() }
    }

    /// Looks at the current set.
    pub(super) fn look(&self) -> Option<Set> {
        let set = set_of(&self.publisher)?;
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).push(set.clone());
        Some(set)
    }

    /// Takes a pick, and keeps it.
    pub(super) fn hold(&mut self, index: usize) {
        let Ok(set) = self.publisher.endpoints() else { return };
        self.held.extend(set.pick(index % set.len().max(1)));
    }

    /// Asserts that made = live + draining + dropped, once the destructors have run.
    pub(super) fn balance(&self) {
        let Ok(set) = self.publisher.endpoints() else { return };
        let set = set.to_set();
        let live = |pick: &Pick<Counted>| set.contains(pick.id());
        let draining: BTreeSet<usize> =
            self.held.iter().filter(|pick| !live(pick)).map(|pick| pick.number()).collect();
        until("all others are dropped", || self.counts.alive() == set.len() + draining.len());
        self.counts.assert_balance(&set, &self.held);
    }

    /// Drops the publisher: what is held lives on, and nothing else.
    pub(super) fn close(self) {
        let Self { publisher, counts, told, held, .. } = self;
        drop((publisher, told));
        let numbers: BTreeSet<usize> = held.iter().map(|pick| pick.number()).collect();
        until("what is held alone is left", || counts.alive() == numbers.len());
        drop(held);
        assert_eq!((counts.alive(), counts.dropped()), (0, counts.made()));
    }

    /// Asserts that what was seen follows the answers.
    pub(super) fn check(&self, answers: &[Set]) {
        for looks in [&self.looks, &self.told.looks] {
            follows(&looks.lock().unwrap_or_else(PoisonError::into_inner), answers);
        }
    }
}

/// Asserts that each set follows an answer no earlier than that which the set before follows.
fn follows(looks: &[Set], answers: &[Set]) {
    let mut earliest = 0;
    let mut newest = Set::new();
    for set in looks {
        let found = answers[earliest..].iter().position(|answer| is_part_of(set, answer));
        let Some(later) = found else {
            panic!("{set:?} follows no answer after the first {earliest} of {answers:?}, in {looks:?}")
        };
        earliest += later;
        for (address, weight) in set {
            let before = newest.insert(address.clone(), *weight);
            assert!(before <= Some(*weight), "{address} went back to an earlier answer, in {looks:?}");
        }
    }
}

/// Whether a set may follow an answer: some endpoints may yet have to be made, and some may be of older attributes.
fn is_part_of(set: &Set, answer: &Set) -> bool {
    set.iter().all(|(address, weight)| answer.get(address).is_some_and(|newest| weight <= newest))
}
