//! What every load balancer promises, run over each strategy.

use lb_strategies::{
    ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Srv, WeightedRandom, WeightedRoundRobin,
};

lb_test::strategy_contract!(round_robin, new: RoundRobin::new, uniform_within: 16);

lb_test::strategy_contract!(
    round_robin_starting_at,
    new: |source| RoundRobin::starting_at(source, 3),
    uniform_within: 1,
);

lb_test::strategy_contract!(random, new: |source| Random::new(source, 7));

lb_test::strategy_contract!(random_from_os_rng, new: Random::from_os_rng);

lb_test::strategy_contract!(weighted_round_robin, new: WeightedRoundRobin::new, uniform_within: 16);

lb_test::strategy_contract!(
    weighted_round_robin_starting_at,
    new: |source| WeightedRoundRobin::starting_at(source, 3),
    uniform_within: 1,
);

lb_test::strategy_contract!(weighted_random, new: |source| WeightedRandom::new(source, 7));

lb_test::strategy_contract!(weighted_random_from_os_rng, new: WeightedRandom::from_os_rng);

lb_test::strategy_contract!(srv, new: Srv::new);

lb_test::strategy_contract!(srv_as_the_rfc_says, new: |source| Srv::with_seed(source, 7).as_the_rfc_says());

lb_test::strategy_contract!(least_loaded, new: LeastLoaded::new);

lb_test::strategy_contract!(least_loaded_with_seed, new: |source| LeastLoaded::with_seed(source, 7));

lb_test::strategy_contract!(peak_ewma, new: PeakEwma::new);

lb_test::strategy_contract!(ring, new: ConsistentHash::ring);

lb_test::strategy_contract!(maglev, new: ConsistentHash::maglev);

lb_test::strategy_contract!(rendezvous, new: ConsistentHash::rendezvous);

lb_test::strategy_contract!(bounded_maglev, new: |source| ConsistentHash::maglev(source).bounded_load(1.25));
