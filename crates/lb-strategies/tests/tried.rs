//! Tried-lists: which endpoint a request gets that has tried some.

use lb_core::{Endpoints, Error, Instance, LoadBalancer, PickRequest, Publisher};
use lb_strategies::{Random, RoundRobin};
use lb_test::{ScriptedPublisher, chi_square, chi_square_critical};

const FOUR: [&str; 4] = ["a:80", "b:80", "c:80", "d:80"];

fn publisher(addresses: &[&str]) -> ScriptedPublisher<()> {
    ScriptedPublisher::new(addresses.iter().map(|address| (*address, ())))
}

/// How often each of `addresses` is picked, where a request that was given a dead one comes again with what it tried.
fn served<L: LoadBalancer>(lb: &L, addresses: &[&str], dead: &[&str], requests: usize) -> Vec<u64> {
    let mut counts = vec![0; addresses.len()];
    for _ in 0..requests {
        let mut tried: Vec<&str> = Vec::new();
        loop {
            let pick = lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
            let index = addresses.iter().position(|address| *address == pick.address()).unwrap();
            assert!(!tried.contains(&addresses[index]), "{} was tried", addresses[index]);
            if !dead.contains(&addresses[index]) {
                counts[index] += 1;
                break;
            }
            tried.push(addresses[index]);
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
    let lb = Random::new(publisher(&addresses), 7);
    let (untried, tried) = addresses.split_at(2);
    let mut counts = [0; 2];
    for _ in 0..600_000 {
        let pick = lb.pick(&PickRequest::new().with_tried(tried)).unwrap();
        counts[untried.iter().position(|address| *address == pick.address()).unwrap()] += 1;
    }
    assert!(chi_square(&counts, &[1.0; 2]) < chi_square_critical(1), "{counts:?}");
}

#[test]
fn all_tried_still_picks_as_if_none_were() {
    let lb = RoundRobin::starting_at(publisher(&FOUR), 2);
    let request = PickRequest::new().with_tried(&FOUR);
    let picked: Vec<_> = (0..5).map(|_| lb.pick(&request).unwrap().address().to_owned()).collect();
    assert_eq!(picked, ["c:80", "d:80", "a:80", "b:80", "c:80"]);
}

#[test]
fn an_address_that_is_not_in_the_set_excludes_nothing() {
    let lb = RoundRobin::starting_at(publisher(&FOUR), 0);
    let request = PickRequest::new().with_tried(&["e:80", "a:8"]);
    let picked: Vec<_> = (0..4).map(|_| lb.pick(&request).unwrap().address().to_owned()).collect();
    assert_eq!(picked, FOUR);
}

#[test]
fn an_address_under_several_hosts_is_tried_under_all() {
    let members =
        [("x.example", "10.0.0.1:443"), ("y.example", "10.0.0.1:443"), ("x.example", "10.0.0.2:443")]
            .map(|(host, address)| (Instance::new(address).with_host(host), ()));
    let set = Endpoints::new(members);
    let publisher = ScriptedPublisher::new([("unused:80", ())]);
    publisher.set_endpoints(set);
    assert_eq!(publisher.endpoints().unwrap().len(), 3);
    let request = PickRequest::new().with_tried(&["10.0.0.1:443"]);
    let strategies: [Box<dyn LoadBalancer<Endpoint = ()>>; 4] = [
        Box::new(RoundRobin::new(&publisher)),
        Box::new(RoundRobin::starting_at(&publisher, 0)),
        Box::new(Random::new(&publisher, 7)),
        Box::new(Random::from_os_rng(&publisher)),
    ];
    for lb in strategies {
        assert!((0..100).all(|_| lb.pick(&request).unwrap().address() == "10.0.0.2:443"));
    }
}

#[test]
fn an_empty_set_is_no_endpoints_and_the_publishers_errors_pass_tried_list_or_not() {
    let publisher = publisher(&[]);
    let strategies: [Box<dyn LoadBalancer<Endpoint = ()>>; 2] =
        [Box::new(RoundRobin::new(&publisher)), Box::new(Random::from_os_rng(&publisher))];
    for tried in [&[][..], &["a:80"]] {
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
