//! What every [`LoadBalancer`] promises.
//!
//! `new` makes a load balancer over a [`Source`]. Each check runs over publishers that tell of changes and over those that
//! cannot.

#![expect(
    clippy::missing_panics_doc,
    reason = "each check panics where the promise is broken, and only there"
)]

use std::sync::Arc;

use lb_core::{Error, LoadBalancer, PickRequest, Tried};

use super::Rule;
use super::stage::Stage;
pub use super::weights::{
    follows_changes_of_weights, follows_weights_on_many_threads, ignores_marks,
    passes_weight_zero_over_whatever_was_tried, reaches_those_that_have_weight,
    takes_all_for_equal_where_all_weights_are_zero,
};
pub use super::{
    spread::spreads_evenly, stage::Source, threads::picks_on_many_threads_while_the_set_changes,
    tiers::goes_on_with_the_next_tier,
};
use crate::Counted;

/// Makes a module of tests that run every check of this suite over one load balancer.
///
/// `new` makes one over a [`Source`](crate::contract::strategy::Source). For strategies that spread requests evenly
/// `uniform_within` is how far apart the counts of two out of ten endpoints may be after 10,000 picks; leave it out for
/// others. `weighted: true` is for those that know weights: each of positive weight is reachable, one of weight 0 is none,
/// unless all are 0. `ignores_marks: true` is for those that leave marks to a filter before them, as all but `Srv` do.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use lb_core::{Error, LoadBalancer, Pick, PickRequest, Publisher};
///
/// /// The next that was not tried.
/// struct Next<P>(P, AtomicUsize);
///
/// impl<P: Publisher> LoadBalancer for Next<P> {
///     type Endpoint = P::Endpoint;
///
///     fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
///         let first = self.0.endpoints()?;
///         let turn = self.1.fetch_add(1, Ordering::Relaxed);
///         let fresh = |id| !request.tried().is_some_and(|tried| tried.contains(id));
///         let tiers = std::iter::successors(Some(&*first), |set| set.next_tier());
///         for set in tiers {
///             let mut turns = (0..set.len()).map(|i| (turn + i) % set.len());
///             if let Some(index) = turns.find(|index| set.id_at(*index).is_some_and(fresh)) {
///                 return set.pick(index).ok_or(Error::NoEndpoints);
///             }
///         }
///         first.pick(turn % first.len().max(1)).ok_or(Error::NoEndpoints)
///     }
/// }
///
/// lb_test::strategy_contract!(next, new: |source| Next(source, AtomicUsize::new(0)), uniform_within: 1);
/// ```
#[macro_export]
macro_rules! strategy_contract {
    (
        $name:ident, new: $new:expr
        $(, uniform_within: $bound:expr)?
        $(, weighted: $weighted:tt)?
        $(, ignores_marks: $ignores:tt)?
        $(,)?
    ) => {
        mod $name {
            #[allow(unused_imports, reason = "whatever the expressions need")]
            use super::*;

            // The one place that names the types: what does not fit them is one error, not one for each check.
            #[cfg(test)]
            fn run_contract_check(check: &str) {
                $crate::contract::run::strategy(check, $new, None::<u64>$(.or(Some($bound)))?);
            }

            $crate::strategy_contract!(@tests
                has_no_endpoints_in_an_empty_set
                passes_the_publishers_errors_on
                picks_from_the_set
                always_picks_a_single_endpoint
                avoids_tried_addresses_while_one_is_left
                picks_though_all_were_tried
                goes_on_with_the_next_tier
                follows_changes
                keeps_no_endpoint_that_is_not_picked
                picks_on_many_threads_while_the_set_changes
                is_the_same_through_references_and_boxes
            );
            $($crate::strategy_contract!(@spreading ($bound) spreads_evenly);)?
            $($crate::strategy_contract!(@weighted $weighted);)?
            $($crate::strategy_contract!(@ignores_marks $ignores);)?
        }
    };
    (@weighted true) => {
        $crate::strategy_contract!(@tests
            reaches_those_that_have_weight
            passes_weight_zero_over_whatever_was_tried
            takes_all_for_equal_where_all_weights_are_zero
            follows_changes_of_weights
            follows_weights_on_many_threads
        );
    };
    (@weighted false) => {};
    (@ignores_marks true) => {
        $crate::strategy_contract!(@tests ignores_marks);
    };
    (@ignores_marks false) => {};
    (@spreading ($bound:expr) $($check:ident)*) => {
        $crate::strategy_contract!(@tests $($check)*);
    };
    (@tests $($check:ident)*) => {
        $(#[test]
        fn $check() {
            run_contract_check(stringify!($check));
        })*
    };
}

const FIVE: [&str; 5] = ["a:80", "b:80", "c:80", "d:80", "e:80"];

/// An empty set is [`Error::NoEndpoints`], from the beginning or later, tried-list or not.
pub fn has_no_endpoints_in_an_empty_set<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("an empty set is Error::NoEndpoints, whatever was tried");
    for stage in Stage::both(new, &[]) {
        assert!(matches!(stage.lb.endpoint(), Err(Error::NoEndpoints)));
        stage.set(&["a:80"]);
        stage.pick();
        let tried = stage.tried(&["a:80"]);
        stage.set(&[]);
        assert!(matches!(stage.lb.endpoint(), Err(Error::NoEndpoints)));
        let request = PickRequest::new().with_tried(&tried);
        assert!(matches!(stage.lb.pick(&request), Err(Error::NoEndpoints)));
    }
}

/// Whatever the publisher answers instead of a set, the caller gets; and picks again once there is a set.
pub fn passes_the_publishers_errors_on<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("the publisher's error is the pick's, and picks work again once there is a set");
    for stage in Stage::both(new, &["a:80"]) {
        stage.source.fail(Error::NotReady);
        assert!(matches!(stage.lb.endpoint(), Err(Error::NotReady)));
        stage.source.fail(Error::discovery("service", "no answer"));
        let error = stage.lb.endpoint().unwrap_err();
        assert!(
            matches!(&error, Error::Discovery { source, .. } if source.to_string() == "no answer"),
            "{error}"
        );
        stage.set(&["b:80"]);
        assert_eq!(stage.pick().address(), "b:80");
    }
}

/// A pick is a member of the set, endpoint and instance alike.
pub fn picks_from_the_set<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("a pick is a member of the set, endpoint and instance alike");
    for stage in Stage::both(new, &FIVE) {
        for _ in 0..1000 {
            let pick = stage.pick();
            assert!(FIVE.contains(&pick.address()));
            assert_eq!(Counted::address(&pick), pick.instance().address());
        }
    }
}

/// Where there is one endpoint it is picked, tried or not.
pub fn always_picks_a_single_endpoint<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("where there is one endpoint it is picked, tried or not");
    for stage in Stage::both(new, &["a:80"]) {
        assert!((0..100).all(|_| stage.pick().address() == "a:80"));
        assert!((0..100).all(|_| stage.pick_avoiding(&["a:80"]).address() == "a:80"));
    }
}

/// Whichever of the addresses were tried, another is picked.
pub fn avoids_tried_addresses_while_one_is_left<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("no tried endpoint is picked while an untried one is left");
    for stage in Stage::both(new, &FIVE) {
        for subset in 0..(1 << FIVE.len()) - 1 {
            let mut tried: Vec<_> =
                (0..FIVE.len()).filter(|i| subset >> i & 1 == 1).map(|i| FIVE[i]).collect();
            tried.push("gone:80");
            for _ in 0..20 {
                let pick = stage.pick_avoiding(&tried);
                assert!(!tried.contains(&pick.address()), "{} was tried: {tried:?}", pick.address());
            }
        }
    }
}

/// A tried-list is a wish.
pub fn picks_though_all_were_tried<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("where all were tried one of them is picked all the same");
    for stage in Stage::both(new, &FIVE) {
        assert!((0..100).all(|_| FIVE.contains(&stage.pick_avoiding(&FIVE).address())));
    }
}

/// The next pick after a change is from the new set, whether it grew, shrank or was exchanged.
pub fn follows_changes<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("the next pick after a change is from the new set");
    for stage in Stage::both(new, &FIVE) {
        stage.pick();
        for wanted in [&FIVE[..2], &["x:80"], &["x:80", "y:80", "z:80"], &FIVE] {
            stage.set(wanted);
            let follows = (0..100).all(|_| wanted.contains(&stage.pick().address()));
            assert!(follows, "picked from another set than {wanted:?}");
        }
    }
}

/// After a change nothing of the old set lives on but what is picked: at once where the publisher tells, else after
/// the next pick.
pub fn keeps_no_endpoint_that_is_not_picked<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("after a change nothing of the old set lives on but what is picked");
    for (stage, tells) in Stage::both(new, &FIVE).into_iter().zip([true, false]) {
        let held = [stage.pick()];
        stage.set(&["x:80"]);
        if !tells {
            stage.pick();
        }
        stage.factory.assert_balance(&stage.endpoints(), &held);
        assert_eq!(stage.factory.alive(), 2, "the one that is picked and the new one");
        drop(held);
        assert_eq!(stage.factory.alive(), 1);
    }
}

/// `&L`, `Box<L>`, `Arc<L>` and trait objects pick.
pub fn is_the_same_through_references_and_boxes<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted> + 'static,
{
    fn picks<L: LoadBalancer<Endpoint = Counted> + ?Sized>(lb: &L, tried: &Tried) -> bool {
        let request = PickRequest::new().with_tried(tried);
        lb.endpoint().is_ok() && lb.pick(&request).is_ok_and(|pick| pick.address() == "b:80")
    }
    let _rule = Rule("`&L`, `Box<L>`, `Arc<L>` and trait objects pick");
    for stage in Stage::both(new, &["a:80", "b:80"]) {
        let tried = stage.tried(&["a:80"]);
        let picks = |lb: &dyn LoadBalancer<Endpoint = Counted>| picks(lb, &tried);
        let lb = Arc::new(stage.lb);
        assert!(picks(&*lb) && picks(&&*lb) && picks(&Box::new(&*lb)) && picks(&lb));
        let erased: Arc<dyn LoadBalancer<Endpoint = Counted>> = lb;
        assert!(picks(&*erased) && picks(&erased));
    }
}
