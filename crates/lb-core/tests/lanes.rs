//! Picks of many threads, in sets that have their members several times over and in sets that have not.

use std::thread;

use lb_core::{EndpointSet, Instance};

#[test]
fn every_thread_picks_the_member_at_the_index_in_small_and_in_large_sets() {
    for len in [0, 1, 2, 127, 128, 129, 300] {
        let endpoints = (0..len).map(|index| (Instance::new(format!("{index:03}")), index));
        let set = EndpointSet::new(endpoints);
        let pick_all = || {
            for index in 0..len {
                let pick = set.pick(index).expect("a member");
                assert_eq!((*pick, Some(pick.id())), (index, set.id_at(index)));
                assert_eq!(Some(pick.instance()), set.instance(index));
            }
            assert!(set.pick(len).is_none() && set.pick(usize::MAX).is_none());
        };
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(pick_all);
            }
        });
        assert_eq!((set.len(), set.instances().count(), set.is_empty()), (len, len, len == 0));
    }
}
