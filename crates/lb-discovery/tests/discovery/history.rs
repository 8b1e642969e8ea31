//! Random histories against a simple model. What etcd promises of a watch, in our words:
//!
//! - ordered: published sets follow the order of the answers, and no set goes back to an earlier one;
//! - nothing is invented: every endpoint of a set was in the answer that the set follows, and was made for its address;
//! - converges: when the last answer has come and all factories work, the set is that answer;
//! - resumes: failures of the source or of factories delay that, and nothing else.
//!
//! At the end *made = live + draining + dropped* for each publisher, whatever has failed or hung.

mod factory;
mod watch;
mod world;

use lb_discovery::Answer;
use proptest::prelude::*;

use factory::Mood;
use world::World;

/// So many addresses there are.
const ADDRESSES: usize = 6;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// The source answers with these addresses; those of `anew` have a new weight.
    Answer {
        addresses: Vec<usize>,
        anew: Vec<usize>,
    },
    Unchanged,
    Fail,
    /// Time passes while the source fails.
    FailAfter(u64),
    /// The factory fails, hangs or works from now on for this address.
    Factory(usize, Mood),
    /// The next refresh is asked for by the user, not by a tick.
    RefreshNow,
    Renew(usize),
    Hold(usize),
    Share,
    DropShare,
}

fn step() -> impl Strategy<Value = Step> {
    let addresses = || prop::collection::vec(0..ADDRESSES, 0..=ADDRESSES);
    let mood = prop_oneof![2 => Just(Mood::Fails), 2 => Just(Mood::Hangs), 3 => Just(Mood::Works)];
    prop_oneof![
        8 => (addresses(), addresses()).prop_map(|(addresses, anew)| Step::Answer { addresses, anew }),
        2 => Just(Step::Unchanged),
        2 => Just(Step::Fail),
        1 => (1_u64..60).prop_map(Step::FailAfter),
        5 => (0..ADDRESSES, mood).prop_map(|(address, mood)| Step::Factory(address, mood)),
        1 => Just(Step::RefreshNow),
        2 => any::<usize>().prop_map(Step::Renew),
        2 => any::<usize>().prop_map(Step::Hold),
        1 => Just(Step::Share),
        1 => Just(Step::DropShare),
    ]
}

fn run(world: &mut World, step: Step) {
    match step {
        Step::Answer { addresses, anew } => world.answer(&addresses, &anew),
        Step::Unchanged => world.refresh(Ok(Answer::unchanged())),
        Step::Fail => world.refresh(Err("no route")),
        Step::FailAfter(seconds) => {
            world.pass(seconds);
            world.refresh(Err("no route"));
        }
        Step::Factory(address, mood) => world.factory(address, mood),
        Step::RefreshNow => world.refresh_now(),
        Step::Renew(index) => world.renew(index),
        Step::Hold(index) => world.hold(index),
        Step::Share => world.share(),
        Step::DropShare => world.drop_share(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sets_follow_the_answers_whatever_fails(
        steps in prop::collection::vec(step(), 1..24),
        last in prop::collection::vec(0..ADDRESSES, 0..=ADDRESSES),
    ) {
        let mut world = World::new();
        for step in steps {
            run(&mut world, step);
        }
        world.converge(&last);
        world.close();
    }

    #[test]
    fn after_stop_nothing_is_published_wherever_it_comes(
        steps in prop::collection::vec(step(), 1..16),
    ) {
        let mut world = World::new();
        for step in steps {
            run(&mut world, step);
        }
        world.stop();
        world.close();
    }
}
