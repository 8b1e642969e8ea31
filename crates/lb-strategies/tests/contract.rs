//! What every load balancer promises, run over each strategy.

use lb_strategies::{
    ConsistentHash, HotCold, LeastLoaded, PeakEwma, Random, RoundRobin, Srv, WeightedRandom,
    WeightedRoundRobin,
};

lb_test::strategy_contract!(round_robin, new: RoundRobin::new, uniform_within: 16, ignores_marks: true);

lb_test::strategy_contract!(
    round_robin_starting_at,
    new: |source| RoundRobin::starting_at(source, 3),
    uniform_within: 1,
    ignores_marks: true,
);

lb_test::strategy_contract!(random, new: |source| Random::new(source, 7), ignores_marks: true);

lb_test::strategy_contract!(random_from_os_rng, new: Random::from_os_rng, ignores_marks: true);

lb_test::strategy_contract!(
    weighted_round_robin,
    new: WeightedRoundRobin::new,
    uniform_within: 16,
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    weighted_round_robin_starting_at,
    new: |source| WeightedRoundRobin::starting_at(source, 3),
    uniform_within: 1,
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    weighted_random,
    new: |source| WeightedRandom::new(source, 7),
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    weighted_random_from_os_rng,
    new: WeightedRandom::from_os_rng,
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    least_loaded,
    new: LeastLoaded::new,
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    least_loaded_with_seed,
    new: |source| LeastLoaded::with_seed(source, 7),
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    peak_ewma,
    new: PeakEwma::new,
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    ring,
    new: ConsistentHash::ring,
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    maglev,
    new: ConsistentHash::maglev,
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    rendezvous,
    new: ConsistentHash::rendezvous,
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    bounded_ring,
    new: |source| ConsistentHash::ring(source).bounded_load(1.25),
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    bounded_maglev,
    new: |source| ConsistentHash::maglev(source).bounded_load(1.25),
    weighted: true,
    ignores_marks: true,
);

lb_test::strategy_contract!(
    bounded_rendezvous,
    new: |source| ConsistentHash::rendezvous(source).bounded_load(1.0),
    weighted: true,
    ignores_marks: true,
);

// Its weight 0 comes last in the tier, and it follows marks: `srv.rs` has tests of both.
lb_test::strategy_contract!(srv, new: Srv::new);

lb_test::strategy_contract!(srv_with_seed, new: |source| Srv::with_seed(source, 7));

lb_test::strategy_contract!(srv_as_the_rfc_says, new: |source| Srv::with_seed(source, 7).as_the_rfc_says());

lb_test::strategy_contract!(hot_cold, new: HotCold::new, weighted: true);
