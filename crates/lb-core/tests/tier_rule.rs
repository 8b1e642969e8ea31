//! `TierRule`: which tier is chosen, what follows it, and when marks are ignored.

use lb_core::{EndpointSet, Instance, TierChoice, TierRule};
use proptest::prelude::*;

/// Of each tier from priority 1 on: how many members it has, and how many of them are unmarked.
type Tiers<'a> = &'a [(usize, usize)];

/// Of each tier in the order in which they are picked from: its priority, and how many members it has.
type Order<'a> = &'a [(u16, usize)];

/// The members of a tier are named by its number and their own; the first ones are unmarked.
fn set(tiers: Tiers<'_>) -> EndpointSet<()> {
    let members = |(tier, (members, _)): (usize, &(usize, usize))| {
        let priority = u16::try_from(tier + 1).unwrap();
        (0..*members).map(move |n| (Instance::new(format!("{priority}/{n:03}")).with_priority(priority), ()))
    };
    let set = EndpointSet::new(tiers.iter().enumerate().flat_map(members));
    set.with_health(|_, instance| {
        let number: usize = instance.address()[2..].parse().unwrap();
        number < tiers[usize::from(instance.priority()) - 1].1
    })
}

/// The tiers in the order in which they are picked from: priority and number of members of each.
fn in_order(set: &EndpointSet<()>) -> Vec<(u16, usize)> {
    let tiers = std::iter::successors(Some(set), |tier| tier.next_tier());
    let of_tier = |tier: &EndpointSet<()>| {
        let priority = tier.instance(0).map_or(0, Instance::priority);
        assert!(tier.instances().all(|instance| instance.priority() == priority), "one tier: {tier:?}");
        (priority, tier.len())
    };
    tiers.map(of_tier).collect()
}

/// What is chosen of a set after what was chosen of the set before.
fn choose(percent: u8, tiers: Tiers<'_>, before: Option<&TierChoice>) -> (Vec<(u16, usize)>, TierChoice) {
    let (chosen, choice) = TierRule::new(percent).choose(&set(tiers), before);
    (in_order(&chosen), choice)
}

/// A choice of that tier, made of a set in which it alone is well.
fn chosen_before(priority: u16) -> TierChoice {
    let tiers: Vec<_> = (1..=priority).map(|tier| (1, usize::from(tier == priority))).collect();
    let (_, choice) = choose(50, &tiers, None);
    assert_eq!((choice.priority, choice.ignores_marks), (priority, false));
    choice
}

#[test]
fn the_best_tier_that_reaches_the_threshold_comes_first_and_the_unmarked_of_the_others_follow_in_order() {
    // (threshold, tiers) → order of the tiers, and how many members of each
    let cases: [(u8, Tiers<'_>, Order<'_>); 12] = [
        (50, &[(4, 4)], &[(1, 4)]),
        (50, &[(4, 3), (2, 2)], &[(1, 3), (2, 2)]),
        (50, &[(4, 2), (2, 2)], &[(1, 2), (2, 2)]), // exactly at the threshold
        (50, &[(4, 1), (2, 2)], &[(2, 2), (1, 1)]),
        (50, &[(4, 0), (2, 2)], &[(2, 2)]),
        (50, &[(4, 1), (3, 1), (2, 1)], &[(3, 1), (1, 1), (2, 1)]),
        (50, &[(4, 1), (4, 3), (4, 4)], &[(2, 3), (1, 1), (3, 4)]),
        (50, &[(3, 3), (4, 0), (2, 1)], &[(1, 3), (3, 1)]), // none of tier 2 is left
        (33, &[(3, 1), (2, 2)], &[(1, 1), (2, 2)]),
        (34, &[(3, 1), (2, 2)], &[(2, 2), (1, 1)]),
        (100, &[(3, 2), (2, 2)], &[(2, 2), (1, 2)]),
        (100, &[(3, 3), (2, 2)], &[(1, 3), (2, 2)]),
    ];
    for (percent, tiers, expected) in cases {
        let (order, choice) = choose(percent, tiers, None);
        assert_eq!(order, expected, "{percent} % of {tiers:?}");
        let (members, unmarked) = tiers[usize::from(expected[0].0) - 1];
        let got = (choice.priority, choice.members, choice.unmarked, choice.ignores_marks);
        assert_eq!(got, (expected[0].0, members, unmarked, false), "{percent} % of {tiers:?}");
    }
}

#[test]
fn when_no_tier_reaches_the_threshold_marks_are_ignored_from_the_best_tier_on() {
    let cases: [(u8, Tiers<'_>); 6] = [
        (50, &[(4, 1)]),
        (50, &[(4, 0), (2, 0)]),
        (50, &[(4, 1), (3, 1), (9, 4)]),
        (100, &[(3, 2), (2, 1)]),
        (1, &[(3, 0), (2, 0)]),
        (51, &[(2, 1)]),
    ];
    for (percent, tiers) in cases {
        let (order, choice) = choose(percent, tiers, None);
        let all: Vec<_> = (1..).zip(tiers).map(|(priority, (members, _))| (priority, *members)).collect();
        assert_eq!(order, all, "{percent} % of {tiers:?}");
        let got = (choice.priority, choice.members, choice.unmarked, choice.ignores_marks);
        assert_eq!(got, (1, tiers[0].0, tiers[0].1, true), "{percent} % of {tiers:?}");
    }
}

#[test]
fn at_a_threshold_of_0_marks_are_always_honoured() {
    let cases: [(Tiers<'_>, Order<'_>); 5] = [
        (&[(100, 1), (2, 2)], &[(1, 1), (2, 2)]),
        (&[(4, 0), (2, 1)], &[(2, 1)]),
        (&[(4, 0), (2, 0), (3, 1)], &[(3, 1)]),
        (&[(4, 0)], &[(0, 0)]),
        (&[(4, 0), (2, 0)], &[(0, 0)]), // nobody is left to pick
    ];
    for (tiers, expected) in cases {
        let (order, choice) = choose(0, tiers, None);
        assert_eq!((order.as_slice(), choice.ignores_marks), (expected, false), "{tiers:?}");
    }
}

#[test]
fn a_threshold_above_100_counts_as_100() {
    for percent in [100, 101, u8::MAX] {
        assert_eq!(choose(percent, &[(3, 3), (1, 1)], None).0, [(1, 3), (2, 1)], "{percent}");
        assert_eq!(choose(percent, &[(3, 2), (1, 1)], None).0, [(2, 1), (1, 2)], "{percent}");
        // The margin does not ask for more than all.
        let before = chosen_before(2);
        assert_eq!(choose(percent, &[(3, 3), (1, 1)], Some(&before)).1.priority, 1, "{percent}");
    }
}

#[test]
fn the_default_threshold_is_half() {
    for unmarked in 0..=10 {
        let tiers = [(10, unmarked), (1, 1)];
        let chosen = |rule: TierRule| rule.choose(&set(&tiers), None).1;
        assert_eq!(chosen(TierRule::default()), chosen(TierRule::new(50)));
        assert_eq!(
            chosen(TierRule::default()).priority,
            if unmarked < 5 { 2 } else { 1 },
            "{unmarked} of 10"
        );
    }
}

#[test]
fn a_better_tier_than_the_one_chosen_before_has_to_reach_10_percent_more() {
    // (threshold, tiers, chosen before) → chosen
    let cases: [(u8, Tiers<'_>, u16, u16); 14] = [
        (50, &[(10, 5), (4, 4)], 1, 1),
        (50, &[(10, 4), (4, 4)], 1, 2), // to a worse tier there is no margin
        (50, &[(10, 5), (4, 4)], 2, 2),
        (50, &[(100, 59), (4, 4)], 2, 2),
        (50, &[(10, 6), (4, 4)], 2, 1), // exactly at threshold and margin
        (50, &[(10, 4), (10, 5), (4, 4)], 3, 3),
        (50, &[(10, 5), (10, 6), (4, 4)], 3, 2),
        (50, &[(10, 6), (10, 6), (4, 4)], 3, 1),
        (95, &[(100, 99), (4, 4)], 2, 2),
        (95, &[(100, 100), (4, 4)], 2, 1),
        (0, &[(100, 9), (4, 4)], 2, 2),
        (0, &[(100, 10), (4, 4)], 2, 1),
        // Once the one of before is no longer well, there is nothing to stay with.
        (50, &[(10, 5), (4, 1)], 2, 1),
        (50, &[(10, 5), (4, 1), (2, 2)], 2, 1),
    ];
    for (percent, tiers, before, expected) in cases {
        let (order, choice) = choose(percent, tiers, Some(&chosen_before(before)));
        let context = format!("{percent} % of {tiers:?} after {before}");
        assert_eq!(
            (order[0].0, choice.priority, choice.ignores_marks),
            (expected, expected, false),
            "{context}"
        );
    }
}

#[test]
fn when_the_tier_chosen_before_is_gone_there_is_no_margin() {
    assert_eq!(choose(50, &[(10, 5)], Some(&chosen_before(2))).1.priority, 1);
    assert_eq!(choose(50, &[(10, 5), (0, 0), (2, 2)], Some(&chosen_before(2))).1.priority, 1);
}

#[test]
fn after_marks_were_ignored_no_tier_has_a_margin() {
    let (_, ignored) = choose(50, &[(10, 4), (10, 4)], None);
    assert!(ignored.ignores_marks);
    for (tiers, expected) in [([(10, 5), (10, 10)], 1), ([(10, 4), (10, 5)], 2)] {
        let (_, choice) = choose(50, &tiers, Some(&ignored));
        assert_eq!((choice.priority, choice.ignores_marks), (expected, false));
    }
}

#[test]
fn of_an_empty_set_nothing_is_chosen_and_no_mark_is_ignored() {
    for (percent, before) in [(50, None), (0, None), (50, Some(chosen_before(2)))] {
        let (order, choice) = choose(percent, &[], before.as_ref());
        assert_eq!(order, [(0, 0)]);
        let got = (choice.priority, choice.members, choice.unmarked, choice.ignores_marks);
        assert_eq!(got, (0, 0, 0, false));
        // And it is nothing to stay with.
        assert_eq!(choose(50, &[(2, 1), (1, 1)], Some(&choice)).1.priority, 1);
    }
}

#[test]
fn a_set_that_has_next_tiers_keeps_them_and_its_members() {
    let chained = set(&[(4, 1), (2, 2)]).or_else(set(&[(3, 0)]));
    let (kept, choice) = TierRule::default().choose(&chained, None);
    assert_eq!((kept.len(), kept.next_tier().map(EndpointSet::len)), (6, Some(3)));
    assert_eq!((choice.priority, choice.ignores_marks), (2, false));
    assert_ne!(kept.id(), chained.id());
}

#[test]
fn marks_that_are_ignored_are_still_there_to_be_seen() {
    let (chosen, _) = TierRule::default().choose(&set(&[(4, 1), (2, 0)]), None);
    assert_eq!((0..4).map(|index| chosen.is_healthy(index)).collect::<Vec<_>>(), [true, false, false, false]);
    assert!(!chosen.next_tier().unwrap().is_healthy(1));
}

#[test]
fn priorities_need_not_follow_each_other() {
    let at = |address: &'static str, priority| (Instance::new(address).with_priority(priority), ());
    let set = EndpointSet::new([at("a", u16::MAX), at("b", 0), at("c", 300)]);
    let (chosen, choice) = TierRule::default().choose(&set, None);
    assert_eq!((in_order(&chosen), choice.priority), (vec![(0, 1), (300, 1), (u16::MAX, 1)], 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Random walks of the health of three tiers of ten.
    #[test]
    fn a_walk_of_health_switches_up_at_the_margin_alone_and_down_below_the_threshold_alone(
        percent in 0_u8..=100,
        steps in prop::collection::vec((0_usize..3, -2_isize..=2), 1..60),
    ) {
        let mut unmarked = [10_usize; 3];
        let mut before: Option<TierChoice> = None;
        let reaches = |unmarked: usize, percent: u8| unmarked > 0 && unmarked * 10 >= usize::from(percent);
        for (tier, by) in steps {
            unmarked[tier] = unmarked[tier].saturating_add_signed(by).min(10);
            let (order, now) = choose(percent, &unmarked.map(|unmarked| (10, unmarked)), before.as_ref());
            let of = |choice: &TierChoice| unmarked[usize::from(choice.priority) - 1];
            prop_assert_eq!(now.ignores_marks, percent > 0 && !unmarked.iter().any(|n| reaches(*n, percent)));
            let total: usize = order.iter().map(|(_, members)| members).sum();
            prop_assert_eq!(total, if now.ignores_marks { 30 } else { unmarked.iter().sum() }, "nobody is lost");
            if !now.ignores_marks && unmarked != [0; 3] {
                prop_assert!(reaches(of(&now), percent));
            }
            if let Some(before) = before.filter(|before| !before.ignores_marks && !now.ignores_marks) {
                let still_well = reaches(of(&before), percent);
                if now.priority > before.priority {
                    prop_assert!(!still_well, "left while it was well");
                } else if now.priority < before.priority && still_well {
                    prop_assert!(reaches(of(&now), (percent + 10).min(100)), "returned too early");
                }
            }
            before = Some(now);
        }
    }

    #[test]
    fn a_tier_that_goes_up_and_down_by_less_than_the_margin_changes_the_choice_once_at_most(
        percent in 1_u8..=90,
        walk in prop::collection::vec(0_usize..10, 2..40),
    ) {
        // Of a hundred, between one below the threshold and one below threshold and margin.
        let low = usize::from(percent) - 1;
        let mut before: Option<TierChoice> = None;
        let mut changes = 0;
        for step in walk {
            let (_, now) = choose(percent, &[(100, low + step), (1, 1)], before.as_ref());
            changes += usize::from(before.is_some_and(|before| before.priority != now.priority));
            before = Some(now);
        }
        prop_assert!(changes <= 1, "{} changes", changes);
    }
}
