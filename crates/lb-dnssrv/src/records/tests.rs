use proptest::prelude::*;

use super::*;

fn names(screened: &Screened) -> Vec<String> {
    screened.records.iter().map(|record| by_name(record).address().to_owned()).collect()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn weight_and_priority_reach_the_instance_and_the_target_is_lower_case_without_the_final_dot() {
    let screened = screen(vec![SrvRecord::new("Web-1.Example.", 8080).with_priority(7).with_weight(0)]);
    let expected = Instance::new("web-1.example:8080").with_priority(7).with_weight(0);
    assert_eq!(by_name(&screened.records[0]), expected);
}

#[test]
fn bad_records_are_skipped_and_told_among_good_ones() {
    let screened = screen(vec![
        SrvRecord::new("a.example.", 0),
        SrvRecord::new("b.example.", 80),
        SrvRecord::new(".", 80),
        SrvRecord::new("", 80),
        SrvRecord::new("not a name", 80),
    ]);
    assert_eq!(names(&screened), ["b.example:80"]);
    assert_eq!(screened.skipped.len(), 4);
    assert!(
        screened.skipped.iter().any(|skipped| skipped.contains("a.example") && skipped.contains("port 0"))
    );
    assert!(screened.skipped.iter().any(|skipped| skipped.contains("not a name")), "{screened:?}");
}

#[test]
fn the_root_as_the_only_target_says_that_there_is_no_service() {
    for port in [0, 1, 80] {
        let screened = screen(vec![SrvRecord::new(".", port)]);
        assert_eq!(screened, Screened { no_service: true, ..Screened::default() });
    }
    assert_eq!(screen(vec![]), Screened::default());
}

#[test]
fn all_bad_leaves_nothing_but_the_skipped() {
    let screened = screen(vec![SrvRecord::new("a", 0), SrvRecord::new(".", 0)]);
    assert!(screened.records.is_empty());
    assert_eq!(screened.skipped.len(), 2);
}

#[test]
fn of_duplicates_the_preferred_one_stays_in_whatever_order_they_come() {
    let preferred = SrvRecord::new("a", 80).with_priority(1).with_weight(9);
    let mut records = vec![
        preferred.clone().with_weight(3),
        SrvRecord::new("A.", 80).with_priority(2).with_weight(50),
        SrvRecord::new("a", 81),
        preferred.clone(),
    ];
    for _ in 0..records.len() {
        records.rotate_left(1);
        let screened = screen(records.clone());
        assert_eq!(screened.records, [preferred.clone(), SrvRecord::new("a", 81)]);
        assert_eq!(screened.skipped.len(), 2);
    }
}

#[test]
fn an_address_of_a_target_is_an_instance_with_its_name_as_host() {
    let record = SrvRecord::new("a.example", 80).with_weight(5).with_priority(1);
    let instance =
        |address: &str| Instance::new(address).with_host("a.example").with_weight(7).with_priority(1);
    for (ip, address) in [("10.0.0.1", "10.0.0.1:80"), ("::1", "[::1]:80")] {
        assert_eq!(by_address(&record, ip.parse().expect("an address"), 7), instance(address));
    }
}

#[test]
fn case_30_a_target_that_is_an_address_is_one_already() {
    for (target, address) in
        [("10.0.0.7.", "10.0.0.7:80"), ("::1", "[::1]:80"), ("[fd00::2]", "[fd00::2]:80")]
    {
        let screened = screen(vec![SrvRecord::new(target, 80)]);
        assert_eq!(names(&screened), [address], "{screened:?}");
    }
    let screened = screen(vec![SrvRecord::new("0.0.0.0", 80), SrvRecord::new("ff02::1", 80)]);
    assert_eq!((screened.records.len(), screened.skipped.len()), (0, 2));
}

#[test]
fn an_address_in_several_spellings_is_one_target() {
    let spellings = ["::1", "[::1]", "0:0::1", "::0001."].map(|target| SrvRecord::new(target, 80));
    let screened = screen(spellings.to_vec());
    assert_eq!((names(&screened), screened.skipped.len()), (vec!["[::1]:80".to_owned()], 3));
}

#[test]
fn an_answer_is_good_for_its_shortest_time_to_live() {
    let record = |ttl| SrvRecord::new("a", 1).with_ttl(seconds(ttl));
    assert_eq!(shortest_ttl(&SrvAnswer::new([record(9), record(4), record(7)])), Some(seconds(4)));
    assert_eq!(shortest_ttl(&SrvAnswer::new([record(9)]).with_ttl(seconds(0))), Some(seconds(0)));
    assert_eq!(shortest_ttl(&SrvAnswer::new([SrvRecord::new("a", 1)])), None);
}

fn any_record() -> impl Strategy<Value = SrvRecord> {
    let target = prop_oneof!["[aAbB]{1,2}\\.?", "[ -~]{0,10}", any::<String>(), Just(".".to_owned())];
    (target, 0_u16..3, any::<u16>(), any::<u16>()).prop_map(|(target, port, priority, weight)| {
        SrvRecord::new(target, port).with_priority(priority).with_weight(weight)
    })
}

proptest! {
    #[test]
    fn no_record_is_lost_and_none_comes_twice(records in proptest::collection::vec(any_record(), 0..12)) {
        let count = records.len();
        let nothing = records.iter().all(says_no_service);
        let mut reversed = records.clone();
        reversed.reverse();
        let screened = screen(records);
        let mut addresses = names(&screened);
        prop_assert_eq!(screened.records.len() + screened.skipped.len(), if nothing { 0 } else { count });
        addresses.sort();
        addresses.dedup();
        prop_assert_eq!(addresses.len(), screened.records.len());
        prop_assert_eq!(screen(reversed).records, screened.records);
    }
}
