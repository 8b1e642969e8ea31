//! `Endpoints` and `EndpointCell`: one set, and the place it is published from.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use lb_core::{Context, EndpointCache, EndpointCell, EndpointSet, Factory, Instance, Pick, Publisher, Tried};
use lb_test::{Counted, CountingFactory};

fn set_of(addresses: &[&str]) -> EndpointSet<String> {
    EndpointSet::new(addresses.iter().map(|address| (Instance::new(*address), (*address).to_owned())))
}

fn addresses<E>(set: &EndpointSet<E>) -> Vec<&str> {
    set.instances().map(Instance::address).collect()
}

fn counted(factory: &CountingFactory, addresses: &[&str]) -> EndpointSet<Counted> {
    let instances = addresses.iter().map(|address| Instance::new(*address));
    EndpointSet::new(
        instances
            .map(|instance| (instance.clone(), factory.create(&Context::background(), &instance).unwrap())),
    )
}

#[test]
fn new_orders_by_address_and_of_two_alike_the_first_counts() {
    let members = [("b", 1), ("a", 2), ("b", 3), ("c", 4)].map(|(address, n)| (Instance::new(address), n));
    let set = EndpointSet::new(members);
    assert_eq!(addresses(&set), ["a", "b", "c"]);
    assert_eq!((0..3).map(|index| *set.pick(index).unwrap()).collect::<Vec<_>>(), [2, 1, 4]);
    assert_eq!((set.len(), set.is_empty()), (3, false));
}

#[test]
fn an_empty_set_is_empty() {
    let set = set_of(&[]);
    assert_eq!((set.len(), set.is_empty(), set.instances().count()), (0, true, 0));
    assert!(set.pick(0).is_none() && set.instance(0).is_none());
    assert!(set.select([0, 1]).is_empty());
}

#[test]
fn pick_and_instance_are_none_past_the_end() {
    let set = set_of(&["a", "b"]);
    for index in [2, 3, usize::MAX] {
        assert!(set.pick(index).is_none() && set.instance(index).is_none());
    }
    assert_eq!(*set.pick(1).unwrap(), "b");
    assert_eq!(set.instance(1).map(Instance::address), Some("b"));
}

#[test]
fn select_keeps_the_order_shares_the_endpoints_and_passes_over_what_is_not_there() {
    let factory = CountingFactory::new();
    let set = counted(&factory, &["a", "b", "c", "d"]);
    let some = set.select([3, 1, 1, 9, usize::MAX]);
    assert_eq!(addresses(&some), ["b", "d"]);
    assert_eq!(some.pick(1).unwrap().number(), set.pick(3).unwrap().number());
    assert_ne!(some.id(), set.id());
    drop(set);
    assert_eq!((factory.alive(), factory.dropped_for("b")), (2, 0));
}

#[test]
fn ids_are_unique_in_the_process_whoever_makes_the_set() {
    let of_one_thread = || {
        let cache = EndpointCache::new(|_: &Instance| Ok::<_, String>(()));
        let mut ids = vec![cache.endpoints().unwrap().id()];
        for round in 0..100 {
            let set = set_of(&["a", "b"]);
            cache.replace([format!("{round}")]);
            ids.extend([
                set.id(),
                set.select([0]).id(),
                set.select([0]).id(),
                cache.endpoints().unwrap().id(),
            ]);
        }
        ids
    };
    let ids: Vec<u64> = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(of_one_thread));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
}

#[test]
fn to_set_has_the_same_members_and_tiers_under_an_id_of_its_own() {
    let set = set_of(&["a"]).or_else(set_of(&["b"]));
    let other = set.to_set();
    assert_ne!(set.id(), other.id());
    assert_eq!(set.id_at(0), other.id_at(0));
    drop(set);
    assert_eq!((addresses(&other), addresses(other.next_tier().unwrap())), (vec!["a"], vec!["b"]));
}

#[test]
fn or_else_appends_to_the_last_tier_and_select_keeps_the_chain() {
    let set = set_of(&["a", "b"]).or_else(set_of(&["c"])).or_else(set_of(&["d"]));
    let selected = set.select([1]);
    let tiers = |set: &EndpointSet<String>| {
        let tiers = std::iter::successors(Some(set), |tier| tier.next_tier());
        tiers.map(|tier| addresses(tier).join(",")).collect::<Vec<_>>()
    };
    assert_eq!(
        (tiers(&set), tiers(&selected)),
        (vec!["a,b".into(), "c".into(), "d".into()], vec!["b".into(), "c".into(), "d".to_owned()])
    );
    assert_eq!((set.len(), selected.len()), (2, 1));
}

#[test]
fn two_hosts_at_one_address_are_two_endpoints_with_ids_of_their_own() {
    let hosts = ["one.example", "other.example"].map(|host| (Instance::new("a:80").with_host(host), ()));
    let set = EndpointSet::new(hosts);
    let mut tried = Tried::new();
    tried.insert(set.id_at(0).unwrap());
    assert!(tried.contains(set.pick(0).unwrap().id()) && !tried.contains(set.pick(1).unwrap().id()));
}

#[test]
fn tried_knows_each_id_once_whatever_their_number_until_it_is_cleared() {
    let set = EndpointSet::new((0..9).map(|n| (Instance::new(format!("{n}:80")), ())));
    let ids: Vec<_> = (0..9).map(|index| set.id_at(index).unwrap()).collect();
    for known in 0..=ids.len() {
        let mut tried = Tried::new();
        for id in ids[..known].iter().chain(&ids[..known]) {
            tried.insert(*id);
        }
        assert_eq!(tried.is_empty(), known == 0);
        assert!(ids.iter().enumerate().all(|(index, id)| tried.contains(*id) == (index < known)));
        tried.clear();
        assert!(tried.is_empty() && !ids.iter().any(|id| tried.contains(*id)));
    }
}

#[test]
fn a_cell_yields_what_was_stored_last_id_and_all() {
    let (first, second) = (set_of(&["a"]), set_of(&["b"]));
    let ids = (first.id(), second.id());
    let cell = EndpointCell::new(first);
    assert_eq!(cell.load().id(), ids.0);
    cell.store(second);
    assert_eq!(cell.load().id(), ids.1);
    assert_eq!(addresses(&cell.load()), ["b"]);
}

#[test]
fn a_cell_frees_the_old_set_on_the_writers_thread_where_nobody_holds_it() {
    let factory = CountingFactory::new();
    let cell = EndpointCell::new(counted(&factory, &["a", "b"]));
    let pick = cell.load().pick(0).unwrap();
    cell.store(counted(&factory, &["c"]));
    assert_eq!((factory.dropped_for("a"), factory.dropped_for("b")), (0, 1));
    drop(pick);
    assert_eq!(factory.dropped_for("a"), 1);
}

#[test]
fn a_set_in_two_cells_lives_until_both_have_let_it_go() {
    let factory = CountingFactory::new();
    let set = counted(&factory, &["a", "b"]);
    let cells = [EndpointCell::new(set.to_set()), EndpointCell::new(set.to_set())];
    drop(set);
    cells[0].store(counted(&factory, &["c"]));
    assert_eq!(addresses(&cells[1].load()), ["a", "b"]);
    assert_eq!(factory.dropped(), 0);
    cells[1].store(counted(&factory, &["d"]));
    assert_eq!((factory.dropped(), factory.alive()), (2, 2));
}

#[test]
fn many_views_at_once_are_as_good_as_one() {
    let factory = CountingFactory::new();
    let cell = EndpointCell::new(counted(&factory, &["a"]));
    let views: Vec<_> = (0..100).map(|_| cell.load()).collect();
    cell.store(counted(&factory, &["b"]));
    assert!(views.iter().all(|view| addresses(view) == ["a"]));
    drop(views);
    assert_eq!(factory.dropped_for("a"), 1);
}

#[test]
fn a_pick_is_a_send_and_sync_handle_that_outlives_its_set() {
    fn assert_send_sync<T: Send + Sync>(_: &T) {}
    let set = set_of(&["a"]);
    let (pick, address) = (set.pick(0).unwrap(), set.pick(0).unwrap().shared_address());
    assert_send_sync(&pick);
    assert_send_sync(&set);
    drop(set);
    let elsewhere = thread::spawn(move || Pick::address(&pick).len() + pick.len()).join().unwrap();
    assert_eq!((elsewhere, address), (2, Arc::from("a")));
}
