//! What every [`Publisher`] promises.
//!
//! `new` makes a publisher of the given addresses; `change` gives it others and returns once it yields them.

#![expect(
    clippy::missing_panics_doc,
    reason = "each check panics where the promise is broken, and only there"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Weak};
use std::thread;

use lb_core::{EndpointSet, Instance, Observer, Pick, Publisher};

use super::{Bell, PATIENCE, Rule};

/// Makes a module of tests that run every check of this suite over one publisher.
///
/// `new` makes one of the given addresses. For publishers that can change, `change` gives it others, and returns once the
/// publisher yields them. What has to live as long as the publisher (a server, a fixture) goes with it into a type that
/// forwards [`Publisher`]; a tuple of the two is no publisher.
///
/// ```
/// use lb_core::{EndpointCache, Instance};
/// # fn factory(instance: &Instance) -> Result<String, std::io::Error> { Ok(instance.address().to_owned()) }
///
/// lb_test::publisher_contract!(
///     endpoint_cache,
///     new: |addresses: &[&str]| {
///         let cache = EndpointCache::new(factory);
///         cache.replace(addresses.iter().copied());
///         cache
///     },
///     change: |cache: &EndpointCache<String>, addresses: &[&str]| cache.replace(addresses.iter().copied()),
/// );
/// ```
#[macro_export]
macro_rules! publisher_contract {
    ($name:ident, new: $new:expr $(, change: $change:expr)? $(,)?) => {
        mod $name {
            #[allow(unused_imports, reason = "whatever the expressions need")]
            use super::*;

            // The one place that names the types: what does not fit them is one error, not one for each check.
            #[cfg(test)]
            fn run_contract_check(check: &str) {
                $crate::publisher_contract!(@run check, ($new) ($($change)?));
            }

            $crate::publisher_contract!(@tests
                is_ordered_by_address
                keeps_its_id_while_nothing_changes
                has_an_id_of_its_own
                is_the_same_through_references_and_boxes
                outlived_by_its_picks_and_views
                is_read_by_many_threads_at_once
                renews_no_stranger
            );
            $($crate::publisher_contract!(@changing ($change)
                follows_changes_with_new_ids
                leaves_old_views_as_they_were
                shows_whole_sets_while_a_writer_replaces
                tells_its_observers_after_the_swap
                forgets_dropped_observers
            );)?
        }
    };
    (@run $check:ident, ($new:expr) ()) => {
        $crate::contract::run::publisher($check, $new)
    };
    (@run $check:ident, ($new:expr) ($change:expr)) => {
        $crate::contract::run::changing_publisher($check, $new, $change)
    };
    (@changing ($change:expr) $($check:ident)*) => {
        $crate::publisher_contract!(@tests $($check)*);
    };
    (@tests $($check:ident)*) => {
        $(#[test]
        fn $check() {
            run_contract_check(stringify!($check));
        })*
    };
}

/// The set is ordered by address, has each member once, and its indices agree.
pub fn is_ordered_by_address<P: Publisher>(new: impl Fn(&[&str]) -> P) {
    let _rule = Rule("a set is ordered by address, has each member once, and its indices agree");
    let publisher = new(&["c.example:80", "a.example:80", "b.example:80"]);
    let set = publisher.endpoints().unwrap();
    assert_eq!(addresses(&set), ["a.example:80", "b.example:80", "c.example:80"]);
    assert_eq!((set.len(), set.is_empty()), (3, false));
    for (index, instance) in set.instances().enumerate() {
        assert_eq!(set.instance(index), Some(instance));
        assert_eq!(set.pick(index).unwrap().instance(), instance);
    }
    assert!(set.instance(3).is_none() && set.pick(3).is_none());
}

/// The id is that of the set, not of the view.
pub fn keeps_its_id_while_nothing_changes<P: Publisher>(new: impl Fn(&[&str]) -> P) {
    let _rule = Rule("the id is that of the set: it stays while the set does");
    let publisher = new(&["a.example:80"]);
    let id = publisher.endpoints().unwrap().id();
    assert!((0..100).all(|_| publisher.endpoints().unwrap().id() == id));
}

/// Two publishers of the same addresses have different ids.
pub fn has_an_id_of_its_own<P: Publisher>(new: impl Fn(&[&str]) -> P) {
    let _rule = Rule("two publishers of the same addresses have sets of different ids");
    let (one, other) = (new(&["a.example:80"]), new(&["a.example:80"]));
    assert_ne!(one.endpoints().unwrap().id(), other.endpoints().unwrap().id());
}

/// `&P`, `Box<P>`, `Arc<P>` and trait objects yield the same set and forward subscriptions and the name.
pub fn is_the_same_through_references_and_boxes<P: Publisher + 'static>(new: impl Fn(&[&str]) -> P) {
    fn look<P: Publisher + ?Sized>(publisher: &P) -> (u64, bool, Option<String>) {
        let (bell, _told) = Bell::new();
        let observer: Arc<dyn Observer> = bell;
        let name = publisher.name().map(str::to_owned);
        (publisher.endpoints().unwrap().id(), publisher.subscribe(Arc::downgrade(&observer)), name)
    }
    let _rule = Rule(
        "`&P`, `Box<P>`, `Arc<P>` and trait objects yield the same set and forward subscribe() and name()",
    );
    let publisher = Arc::new(new(&["a.example:80"]));
    let direct = look(&*publisher);
    assert_eq!(look(&&*publisher), direct);
    assert_eq!(look(&Box::new(&*publisher)), direct);
    assert_eq!(look(&publisher), direct);
    let erased: Arc<dyn Publisher<Endpoint = P::Endpoint>> = publisher;
    assert_eq!(look(&*erased), direct);
    assert_eq!(look(&erased), direct);
}

/// Picks and views stay good when the publisher is gone.
pub fn outlived_by_its_picks_and_views<P: Publisher>(new: impl Fn(&[&str]) -> P) {
    let _rule = Rule("picks and looks stay good when the publisher is gone");
    let publisher = new(&["a.example:80", "b.example:80"]);
    let view = publisher.endpoints().unwrap();
    let pick = view.pick(1).unwrap();
    drop(publisher);
    assert_eq!(addresses(&view), ["a.example:80", "b.example:80"]);
    drop(view);
    assert_eq!(pick.address(), "b.example:80");
}

/// Publisher, views and picks may be shared and sent; readers do not disturb each other.
pub fn is_read_by_many_threads_at_once<P>(new: impl Fn(&[&str]) -> P)
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    fn shared<T: Send + Sync>() {}
    let _rule = Rule("readers on several threads do not disturb each other");
    shared::<(P, EndpointSet<P::Endpoint>, Pick<P::Endpoint>)>();
    let publisher = new(&["a.example:80", "b.example:80"]);
    let id = publisher.endpoints().unwrap().id();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!((0..1000).all(|_| publisher.endpoints().unwrap().id() == id)));
        }
    });
}

/// An endpoint of another publisher is not renewed.
pub fn renews_no_stranger<P: Publisher>(new: impl Fn(&[&str]) -> P) {
    let _rule = Rule("renew() is false for an endpoint that is no member, and the set stays as it is");
    let (publisher, other) = (new(&["a.example:80"]), new(&["a.example:80"]));
    let id = publisher.endpoints().unwrap().id();
    let stranger = other.endpoints().unwrap().id_at(0).expect("a member has an id");
    assert!(!publisher.renew(stranger), "it says that it renews an endpoint of another publisher");
    assert_eq!(publisher.endpoints().unwrap().id(), id);
}

/// Each change is seen, and no id comes back.
pub fn follows_changes_with_new_ids<P: Publisher>(new: impl Fn(&[&str]) -> P, change: impl Fn(&P, &[&str])) {
    let _rule = Rule("each change is seen, and no id of a set comes back");
    let publisher = new(&["a.example:80"]);
    let mut ids = BTreeSet::from([publisher.endpoints().unwrap().id()]);
    for wanted in [&["a.example:80", "b.example:80"] as &[_], &["b.example:80"], &["a.example:80"]] {
        change(&publisher, wanted);
        let set = publisher.endpoints().unwrap();
        assert_eq!(addresses(&set), wanted);
        assert!(ids.insert(set.id()), "the id {} was used before", set.id());
    }
}

/// A view that was taken before a change does not see it.
pub fn leaves_old_views_as_they_were<P: Publisher>(new: impl Fn(&[&str]) -> P, change: impl Fn(&P, &[&str])) {
    let _rule = Rule("a look that was taken before a change does not see it");
    let publisher = new(&["a.example:80", "b.example:80"]);
    let view = publisher.endpoints().unwrap();
    let id = view.id();
    change(&publisher, &["c.example:80"]);
    assert_eq!((view.id(), addresses(&view)), (id, vec!["a.example:80", "b.example:80"]));
    assert_eq!(view.pick(0).unwrap().address(), "a.example:80");
}

/// Readers see one of the sets that were given, never a mixture; one id is one set.
pub fn shows_whole_sets_while_a_writer_replaces<P: Publisher>(
    new: impl Fn(&[&str]) -> P,
    change: impl Fn(&P, &[&str]),
) {
    const SETS: [&[&str]; 2] =
        [&["a.example:1", "b.example:1", "c.example:1"], &["a.example:1", "b.example:2", "d.example:2"]];
    let _rule = Rule("readers see one of the sets that were given, never a mixture, and one id is one set");
    let publisher = new(SETS[0]);
    let (start, done) = (Barrier::new(3), AtomicBool::new(false));
    let read = || {
        let mut seen = BTreeMap::new();
        start.wait();
        loop {
            let last = done.load(Ordering::SeqCst);
            let set = publisher.endpoints().unwrap();
            let which = SETS.iter().position(|wanted| addresses(&set) == *wanted);
            let which = which.unwrap_or_else(|| panic!("{:?} was never given", addresses(&set)));
            assert_eq!(*seen.entry(set.id()).or_insert(which), which, "one id is one set");
            if last {
                return;
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(read);
        scope.spawn(read);
        start.wait();
        for round in 1..=50 {
            change(&publisher, SETS[round % 2]);
        }
        done.store(true, Ordering::SeqCst);
    });
}

/// Where `subscribe` says `true`, every change is told, and whoever is told finds the new set.
pub fn tells_its_observers_after_the_swap<P: Publisher + 'static>(
    new: impl Fn(&[&str]) -> P,
    change: impl Fn(&P, &[&str]),
) where
    P::Endpoint: Send + Sync,
{
    struct Witness<P> {
        publisher: Weak<P>,
        bell: Arc<Bell>,
    }
    impl<P: Publisher> Observer for Witness<P> {
        fn changed(&self) {
            let set = self.publisher.upgrade().map(|publisher| publisher.endpoints());
            if let Some(Ok(set)) = set
                && addresses(&set) == ["b.example:80"]
            {
                self.bell.changed();
            }
        }
    }
    let _rule =
        Rule("where subscribe() says true, every change is told, and whoever is told finds the new set");
    let publisher = Arc::new(new(&["a.example:80"]));
    let (bell, told) = Bell::new();
    let observer: Arc<dyn Observer> = Arc::new(Witness { publisher: Arc::downgrade(&publisher), bell });
    let notifies = publisher.subscribe(Arc::downgrade(&observer));
    change(&publisher, &["b.example:80"]);
    assert!(
        !notifies || told.recv_timeout(PATIENCE).is_ok(),
        "it said that it tells, and told nobody of the new set"
    );
}

/// An observer that was dropped is not told, and those that were not are told all the same.
pub fn forgets_dropped_observers<P: Publisher>(new: impl Fn(&[&str]) -> P, change: impl Fn(&P, &[&str])) {
    let _rule = Rule("an observer that was dropped is not told, and the others are told all the same");
    let publisher = new(&["a.example:80"]);
    let (gone, silent) = Bell::new();
    let (kept, told) = Bell::new();
    let (gone, kept): (Arc<dyn Observer>, Arc<dyn Observer>) = (gone, kept);
    publisher.subscribe(Arc::downgrade(&gone));
    let notifies = publisher.subscribe(Arc::downgrade(&kept));
    drop(gone);
    change(&publisher, &["b.example:80"]);
    assert!(!notifies || told.recv_timeout(PATIENCE).is_ok());
    assert!(silent.try_recv().is_err());
}

fn addresses<E>(set: &EndpointSet<E>) -> Vec<&str> {
    set.instances().map(Instance::address).collect()
}
