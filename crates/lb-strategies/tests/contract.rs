//! What every load balancer promises, run over each strategy.

use lb_strategies::{Random, RoundRobin};

lb_test::strategy_contract!(round_robin, new: RoundRobin::new, uniform_within: 16);

lb_test::strategy_contract!(
    round_robin_starting_at,
    new: |source| RoundRobin::starting_at(source, 3),
    uniform_within: 1,
);

lb_test::strategy_contract!(random, new: |source| Random::new(source, 7));

lb_test::strategy_contract!(random_from_os_rng, new: Random::from_os_rng);
