//! The contract suites pass where they should, and fail where they should.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use lb_core::{
    EndpointCache, EndpointCell, EndpointSet, Endpoints, Error, Instance, LoadBalancer, Pick, PickRequest,
    Publisher,
};
use lb_test::contract::strategy::Source;
use lb_test::{Counted, CountingFactory, ScriptedPublisher, publisher_contract, strategy_contract};

fn members(addresses: &[&str]) -> impl Iterator<Item = (Instance, usize)> {
    addresses.iter().map(|address| Instance::new(*address)).zip(0..)
}

publisher_contract!(
    endpoint_cache,
    new: |addresses: &[&str]| {
        let cache = EndpointCache::new(CountingFactory::new());
        cache.replace(addresses.iter().copied());
        cache
    },
    change: |cache: &EndpointCache<Counted>, addresses: &[&str]| cache.replace(addresses.iter().copied()),
);

publisher_contract!(
    scripted_publisher,
    new: |addresses: &[&str]| ScriptedPublisher::new(members(addresses)),
    change: |publisher: &ScriptedPublisher<usize>, addresses: &[&str]| publisher.set(members(addresses)),
);

publisher_contract!(
    silent_publisher,
    new: |addresses: &[&str]| ScriptedPublisher::silent(members(addresses)),
    change: |publisher: &ScriptedPublisher<usize>, addresses: &[&str]| publisher.set(members(addresses)),
);

publisher_contract!(unchanging_publisher, new: |addresses: &[&str]| ScriptedPublisher::new(members(addresses)));

/// Each in turn, past those that were tried.
struct Next(Source, AtomicUsize);

impl Next {
    fn new(source: Source) -> Self {
        Self(source, AtomicUsize::new(0))
    }

    fn turn(&self) -> usize {
        self.1.fetch_add(1, Ordering::Relaxed)
    }
}

impl LoadBalancer for Next {
    type Endpoint = Counted;

    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<Counted>, Error> {
        let first = self.0.endpoints()?;
        let turn = self.turn();
        let fresh = |id| !request.tried().is_some_and(|tried| tried.contains(id));
        for set in std::iter::successors(Some(&*first), |set| set.next_tier()) {
            let mut turns = (0..set.len()).map(|i| (turn + i) % set.len());
            if let Some(index) = turns.find(|index| set.id_at(*index).is_some_and(fresh)) {
                return set.pick(index).ok_or(Error::NoEndpoints);
            }
        }
        first.pick(turn % first.len().max(1)).ok_or(Error::NoEndpoints)
    }
}

strategy_contract!(next, new: Next::new, uniform_within: 1);
strategy_contract!(not_uniform, new: Next::new);
strategy_contract!(says_all, new: Next::new, uniform_within: 1, weighted: false, ignores_marks: true);
strategy_contract!(heaviest_first, new: ByWeight::new, weighted: true);

/// Each in turn of those that have weight, if any has; leaves out those that are marked.
struct ByWeight(Next);

impl ByWeight {
    fn new(source: Source) -> Self {
        Self(Next::new(source))
    }
}

impl LoadBalancer for ByWeight {
    type Endpoint = Counted;

    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<Counted>, Error> {
        let first = self.0.0.endpoints()?;
        let turn = self.0.turn();
        let tried = |id| request.tried().is_some_and(|tried| tried.contains(id));
        let with_weight = |set: &EndpointSet<Counted>| -> Vec<usize> {
            let all_zero = set.instances().all(|instance| instance.weight() == 0);
            let has = |index: &usize| all_zero || set.instance(*index).is_some_and(|it| it.weight() > 0);
            (0..set.len()).filter(|index| set.is_healthy(*index) && has(index)).collect()
        };
        for set in std::iter::successors(Some(&*first), |set| set.next_tier()) {
            let untried = |index: &usize| set.id_at(*index).is_some_and(|id| !tried(id));
            let left: Vec<usize> = with_weight(set).into_iter().filter(untried).collect();
            if !left.is_empty() {
                return set.pick(left[turn % left.len()]).ok_or(Error::NoEndpoints);
            }
        }
        let all = with_weight(&first);
        all.get(turn % all.len().max(1)).and_then(|index| first.pick(*index)).ok_or(Error::NoEndpoints)
    }
}

/// Knows no tried-list, keeps the set that it saw first, and takes its first member twice as often.
struct Broken(Next, OnceLock<EndpointSet<Counted>>);

impl Broken {
    fn new(source: Source) -> Self {
        Self(Next::new(source), OnceLock::new())
    }
}

impl LoadBalancer for Broken {
    type Endpoint = Counted;

    fn pick(&self, _: &PickRequest<'_>) -> Result<Pick<Counted>, Error> {
        let set = self.0.0.endpoints()?;
        let set = self.1.get_or_init(|| set.to_set());
        set.pick((self.0.turn() % (set.len() + 1)) % set.len().max(1)).ok_or(Error::NoEndpoints)
    }
}

#[test]
#[should_panic(expected = "was tried")]
fn a_strategy_that_ignores_the_tried_list_is_found_out() {
    lb_test::contract::strategy::avoids_tried_addresses_while_one_is_left(Broken::new);
}

#[test]
#[should_panic(expected = "is not of the tier")]
fn a_strategy_that_stays_in_the_first_tier_is_found_out() {
    lb_test::contract::strategy::goes_on_with_the_next_tier(Broken::new);
}

#[test]
#[should_panic(expected = r#"picked from another set than ["a:80", "b:80"]"#)]
fn a_strategy_that_keeps_its_first_set_is_found_out() {
    lb_test::contract::strategy::follows_changes(Broken::new);
}

#[test]
#[should_panic(expected = "made 6, live 1, draining 1, dropped 0")]
fn a_strategy_that_keeps_endpoints_is_found_out() {
    lb_test::contract::strategy::keeps_no_endpoint_that_is_not_picked(Broken::new);
}

#[test]
#[should_panic(expected = "apart, which is more than 10")]
fn a_strategy_that_prefers_one_is_found_out() {
    lb_test::contract::strategy::spreads_evenly(Broken::new, 10);
}

#[test]
#[should_panic(expected = r#"were picked, not ["a:80", "c:80", "e:80"]"#)]
fn a_strategy_that_knows_no_weights_is_found_out() {
    lb_test::contract::strategy::reaches_those_that_have_weight(Next::new);
}

#[test]
#[should_panic(expected = r#"were picked, not ["c:80"]"#)]
fn a_strategy_that_keeps_its_first_weights_is_found_out() {
    lb_test::contract::strategy::follows_changes_of_weights(|source: Source| {
        let first = source.endpoints().unwrap().with_weights(|index, _| u32::from(index == 0));
        let frozen = std::sync::Arc::new(ScriptedPublisher::new([] as [(&str, Counted); 0]));
        frozen.set_endpoints(first);
        ByWeight::new(frozen)
    });
}

#[test]
#[should_panic(expected = "were picked, not")]
fn a_strategy_that_takes_weight_zero_for_a_last_resort_is_found_out() {
    lb_test::contract::strategy::passes_weight_zero_over_whatever_was_tried(Next::new);
}

#[test]
#[should_panic(expected = "were picked, not")]
fn a_strategy_that_ignores_the_tried_where_all_weights_are_zero_is_found_out() {
    lb_test::contract::strategy::takes_all_for_equal_where_all_weights_are_zero(Broken::new);
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_strategy_that_picks_weight_zero_while_weights_change_is_found_out() {
    lb_test::contract::strategy::follows_weights_on_many_threads(Next::new);
}

#[test]
#[should_panic(expected = "were picked, not")]
fn a_strategy_that_follows_marks_is_found_out() {
    lb_test::contract::strategy::ignores_marks(ByWeight::new);
}

#[test]
#[should_panic(expected = "assertion failed")]
fn a_strategy_that_says_something_else_about_an_empty_set_is_found_out() {
    struct Never;
    impl LoadBalancer for Never {
        type Endpoint = Counted;

        fn pick(&self, _: &PickRequest<'_>) -> Result<Pick<Counted>, Error> {
            Err(Error::NotReady)
        }
    }
    lb_test::contract::strategy::has_no_endpoints_in_an_empty_set(|_| Never);
}

/// Makes a new set for each reader, takes over half of a change only, and cannot tell.
struct Torn(Mutex<Vec<String>>);

impl Torn {
    fn new(addresses: &[&str]) -> Self {
        Self(Mutex::new(addresses.iter().map(ToString::to_string).collect()))
    }

    fn change(&self, addresses: &[&str]) {
        let half = &addresses[..addresses.len().div_ceil(2)];
        *self.0.lock().unwrap() = half.iter().map(ToString::to_string).collect();
    }
}

impl Publisher for Torn {
    type Endpoint = ();

    fn endpoints(&self) -> Result<Endpoints<()>, Error> {
        let current = self.0.lock().unwrap();
        let members = current.iter().map(|address| (Instance::from(address.as_str()), ()));
        Ok(EndpointCell::new(EndpointSet::new(members)).load())
    }
}

#[test]
#[should_panic(expected = "assertion failed")]
fn a_publisher_whose_id_does_not_stay_is_found_out() {
    lb_test::contract::publisher::keeps_its_id_while_nothing_changes(Torn::new);
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_publisher_that_shows_half_of_a_change_is_found_out() {
    lb_test::contract::publisher::shows_whole_sets_while_a_writer_replaces(Torn::new, Torn::change);
}
