//! Tried-lists: which endpoint a request gets that has tried some.

use lb_core::{EndpointSet, Error, Instance, LoadBalancer, PickRequest, Publisher, Tried};
use lb_strategies::{Random, RoundRobin};
use lb_test::{ScriptedPublisher, chi_square, chi_square_critical};

const FOUR: [&str; 4] = ["a:80", "b:80", "c:80", "d:80"];

fn publisher(addresses: &[&str]) -> ScriptedPublisher<()> {
    ScriptedPublisher::new(addresses.iter().map(|address| (*address, ())))
}

/// The endpoints at these addresses, as tried.
fn tried_of<E>(publisher: &impl Publisher<Endpoint = E>, addresses: &[&str]) -> Tried {
    let (set, mut tried) = (publisher.endpoints().unwrap(), Tried::new());
    let indices = (0..set.len()).filter(|i| addresses.contains(&set.instance(*i).unwrap().address()));
    indices.for_each(|index| tried.insert(set.id_at(index).unwrap()));
    tried
}

/// How often each of `addresses` is picked, where a request that was given a dead one comes again with what it tried.
fn served<L: LoadBalancer>(lb: &L, addresses: &[&str], dead: &[&str], requests: usize) -> Vec<u64> {
    let mut counts = vec![0; addresses.len()];
    for _ in 0..requests {
        let mut tried = Tried::new();
        loop {
            let pick = lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
            let index = addresses.iter().position(|address| *address == pick.address()).unwrap();
            assert!(!tried.contains(pick.id()), "{} was tried", addresses[index]);
            if !dead.contains(&addresses[index]) {
                counts[index] += 1;
                break;
            }
            tried.insert(pick.id());
        }
    }
    counts
}

#[test]
fn round_robin_spreads_what_a_dead_endpoint_cannot_serve_evenly_and_not_on_its_successor() {
    for dead in [&["b:80"][..], &["a:80"], &["d:80"], &["b:80", "c:80"]] {
        let alive = u64::try_from(FOUR.len() - dead.len()).unwrap();
        for (index, count) in
            served(&RoundRobin::starting_at(publisher(&FOUR), 0), &FOUR, dead, 1200).iter().enumerate()
        {
            let share = if dead.contains(&FOUR[index]) { 0 } else { 1200 / alive };
            assert!(count.abs_diff(share) <= 1, "{dead:?}: {} got {count}, not {share}", FOUR[index]);
        }
    }
}

#[test]
fn random_is_uniform_over_the_untried() {
    for dead in [&["b:80"][..], &["a:80", "c:80"]] {
        let counts = served(&Random::new(publisher(&FOUR), 7), &FOUR, dead, 30_000);
        let shares = FOUR.map(|address| if dead.contains(&address) { 0.0 } else { 1.0 });
        let degrees = u32::try_from(FOUR.len() - dead.len() - 1).unwrap();
        let deviation = chi_square(&counts, &shares);
        assert!(deviation < chi_square_critical(degrees), "{dead:?}: {counts:?}");
    }
}

#[test]
fn random_is_uniform_over_the_untried_though_it_draws_so_often_that_it_counts_them_in_the_end() {
    let addresses: Vec<String> = (0..10).map(|n| format!("{n}:80")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let publisher = publisher(&addresses);
    let lb = Random::new(&publisher, 7);
    let (untried, tried) = addresses.split_at(2);
    let tried = tried_of(&publisher, tried);
    let mut counts = [0; 2];
    for _ in 0..600_000 {
        let pick = lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
        counts[untried.iter().position(|address| *address == pick.address()).unwrap()] += 1;
    }
    assert!(chi_square(&counts, &[1.0; 2]) < chi_square_critical(1), "{counts:?}");
}

#[test]
fn all_tried_still_picks_as_if_none_were() {
    let publisher = publisher(&FOUR);
    let lb = RoundRobin::starting_at(&publisher, 2);
    let tried = tried_of(&publisher, &FOUR);
    let request = PickRequest::new().with_tried(&tried);
    let picked: Vec<_> = (0..5).map(|_| lb.pick(&request).unwrap().address().to_owned()).collect();
    assert_eq!(picked, ["c:80", "d:80", "a:80", "b:80", "c:80"]);
}

#[test]
fn an_endpoint_that_is_not_in_the_set_excludes_nothing() {
    let lb = RoundRobin::starting_at(publisher(&FOUR), 0);
    let tried = tried_of(&publisher(&FOUR), &["b:80"]);
    let request = PickRequest::new().with_tried(&tried);
    let picked: Vec<_> = (0..4).map(|_| lb.pick(&request).unwrap().address().to_owned()).collect();
    assert_eq!(picked, FOUR);
}

fn all_four<P: Publisher<Endpoint = ()>>(publisher: &P) -> [Box<dyn LoadBalancer<Endpoint = ()> + '_>; 4] {
    [
        Box::new(RoundRobin::new(publisher)),
        Box::new(RoundRobin::starting_at(publisher, 0)),
        Box::new(Random::new(publisher, 7)),
        Box::new(Random::from_os_rng(publisher)),
    ]
}

#[test]
fn case_11_of_two_hosts_behind_one_address_one_is_tried_and_the_other_picked() {
    let hosts = ["x.example", "y.example"].map(|host| (Instance::new("10.0.0.1:443").with_host(host), ()));
    let publisher = ScriptedPublisher::new(hosts);
    let mut tried = Tried::new();
    tried.insert(publisher.endpoints().unwrap().id_at(0).unwrap());
    let request = PickRequest::new().with_tried(&tried);
    for lb in all_four(&publisher) {
        assert!((0..100).all(|_| lb.pick(&request).unwrap().instance().host() == Some("y.example")));
    }
}

#[test]
fn case_12_once_all_of_a_tier_were_tried_the_next_is_picked_from_and_the_first_once_all_were() {
    let publisher = ScriptedPublisher::new([("unused:80", ())]);
    let tier = |addresses: &[&str]| EndpointSet::new(addresses.iter().map(|it| (Instance::new(*it), ())));
    publisher
        .set_endpoints(tier(&["a", "b"]).or_else(tier(&[])).or_else(tier(&["c", "d"])).or_else(tier(&["e"])));
    for lb in all_four(&publisher) {
        let (mut tried, mut order) = (Tried::new(), Vec::new());
        for _ in 0..5 {
            let pick = lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
            tried.insert(pick.id());
            order.push(pick.address().to_owned());
        }
        let (first, rest) = order.split_at_mut(2);
        first.sort();
        rest[..2].sort();
        assert_eq!(order, ["a", "b", "c", "d", "e"]);
        let again = PickRequest::new().with_tried(&tried);
        assert!((0..50).all(|_| ["a", "b"].contains(&lb.pick(&again).unwrap().address())));
        assert!((0..50).all(|_| ["a", "b"].contains(&lb.endpoint().unwrap().address())));
    }
}

#[test]
fn an_empty_first_tier_leads_to_the_next() {
    let publisher = ScriptedPublisher::new([("unused:80", ())]);
    publisher.set_endpoints(EndpointSet::new([]).or_else(EndpointSet::new([(Instance::new("a"), ())])));
    for lb in all_four(&publisher) {
        assert_eq!(lb.endpoint().unwrap().address(), "a");
    }
}

#[test]
fn an_empty_set_is_no_endpoints_and_the_publishers_errors_pass_tried_list_or_not() {
    let publisher = publisher(&[]);
    let strategies: [Box<dyn LoadBalancer<Endpoint = ()>>; 2] =
        [Box::new(RoundRobin::new(&publisher)), Box::new(Random::from_os_rng(&publisher))];
    let one = tried_of(&self::publisher(&["a:80"]), &["a:80"]);
    for tried in [&Tried::new(), &one] {
        for lb in &strategies {
            let request = PickRequest::new().with_tried(tried);
            publisher.set([("a:80", ()); 0]);
            let error = lb.pick(&request).unwrap_err();
            assert!(matches!(error, Error::NoEndpoints), "{error}");
            assert_eq!(error.to_string(), "no endpoints available");
            publisher.fail(Error::NotReady);
            assert!(matches!(lb.pick(&request), Err(Error::NotReady)));
        }
    }
}
