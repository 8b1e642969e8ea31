//! That the peers run as they do at home: two choices on requests in flight are what they are, whoever wrote them.

use lb_sim::{Estimate, Report, Strategy, peers, scenarios};

fn p99_ms(run: &Report) -> f64 {
    run.percentile(99.0).as_secs_f64() * 1e3
}

/// The mean of the ratio of 99th percentiles, seed by seed.
fn ratio(of: &[Report], to: &[Report]) -> Estimate {
    Estimate::of(of.iter().zip(to).map(|(of, to)| p99_ms(of) / p99_ms(to)))
}

#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn two_choices_on_requests_in_flight_are_the_same_for_all() {
    let strategies = [Strategy::least_loaded(), peers::tower_pending_requests(), peers::poise_two_choices()];
    let comparison = scenarios::one_slow(1).unwrap().compare(&strategies, 0..10);
    let [ours, tower, poise] = comparison.rows() else { panic!("{comparison}") };
    for (name, peer) in [("tower", tower), ("poise", poise)] {
        let ratio = ratio(peer.runs(), ours.runs());
        assert!(ratio.low() > 0.9 && ratio.high() < 1.1, "{name}: {ratio}\n{comparison}");
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn peak_ewma_is_no_worse_than_towers() {
    let strategies = [Strategy::peak_ewma(), peers::tower_peak_ewma()];
    for load in [0.9, 1.05] {
        let comparison = scenarios::prequal(load).unwrap().compare(&strategies, 0..10);
        let [ours, towers] = comparison.rows() else { panic!("{comparison}") };
        let ratio = ratio(ours.runs(), towers.runs());
        assert!(ratio.high() < 1.05, "load {load}: {ratio}\n{comparison}");
    }
}

/// With what servers report the tail is shorter. The goal is 40 % at both loads.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn reported_load_shortens_the_tail() {
    let strategies = [Strategy::hot_cold(), peers::tower_peak_ewma()];
    for load in [0.9, 1.05] {
        let comparison = scenarios::prequal(load).unwrap().compare(&strategies, 0..10);
        let [ours, towers] = comparison.rows() else { panic!("{comparison}") };
        let ratio = ratio(ours.runs(), towers.runs());
        assert!(ratio.high() < 0.95, "load {load}: {ratio}\n{comparison}");
    }
}

#[test]
fn a_seed_is_a_seed_for_peers_too() {
    let scenario = scenarios::prequal(0.5).unwrap();
    for peer in peers::all() {
        let fingerprints = [1, 1, 2].map(|seed| scenario.run(&peer, seed).fingerprint());
        assert_eq!(fingerprints[0], fingerprints[1], "{peer:?}");
        assert_ne!(fingerprints[0], fingerprints[2], "{peer:?}");
    }
}
