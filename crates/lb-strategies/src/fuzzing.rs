//! What a fuzz target of `fuzz/` runs: every strategy over a set from outside, whose weights and priorities nobody has
//! checked. It panics where a promise is broken, which is how the fuzzer is told.

use lb_core::{
    BoxLoadBalancer, EndpointCell, EndpointSet, Endpoints, Error, Instance, LoadBalancer, PickRequest,
    Publisher, TierRule, Tried,
};

use crate::{
    ConsistentHash, HotCold, LeastLoaded, PeakEwma, Random, RoundRobin, Srv, WeightedRandom,
    WeightedRoundRobin,
};

/// A set that stays, with a tier for each priority.
struct Fixed(EndpointCell<()>);

impl Publisher for Fixed {
    type Endpoint = ();

    fn endpoints(&self) -> Result<Endpoints<()>, Error> {
        Ok(self.0.load())
    }
}

/// Seven bytes a member: its address, its weight, its priority, and whether it was tried. What is left over is the key.
pub fn tables(bytes: &[u8]) {
    let members = bytes.chunks_exact(7);
    let key = members.remainder().iter().fold(0, |key, byte| key << 8 | u64::from(*byte));
    let read = |chunk: &[u8]| {
        let weight = u32::from_le_bytes([chunk[1], chunk[2], chunk[3], chunk[4]]);
        let instance = Instance::new(format!("{}:80", chunk[0]));
        (instance.with_weight(weight).with_priority(u16::from(chunk[5] % 4)), ())
    };
    let set = EndpointSet::new(members.clone().map(read));
    let tried_addresses: Vec<String> =
        members.filter(|chunk| chunk[6] % 2 == 1).map(|chunk| format!("{}:80", chunk[0])).collect();
    let mut tried = Tried::new();
    for (index, instance) in set.instances().enumerate() {
        if tried_addresses.iter().any(|address| address == instance.address()) {
            tried.insert(set.id_at(index).expect("a member has an id"));
        }
    }
    let (tiers, _) = TierRule::default().choose(&set, None);
    for lb in strategies(&tiers) {
        check(&*lb, &tiers, key, &tried);
    }
}

fn strategies(tiers: &EndpointSet<()>) -> Vec<BoxLoadBalancer<()>> {
    let fixed = || Fixed(EndpointCell::new(tiers.to_set()));
    vec![
        RoundRobin::new(fixed()).boxed(),
        Random::new(fixed(), 7).boxed(),
        WeightedRoundRobin::starting_at(fixed(), 7).boxed(),
        WeightedRandom::new(fixed(), 7).boxed(),
        Srv::with_seed(fixed(), 7).boxed(),
        Srv::with_seed(fixed(), 7).as_the_rfc_says().boxed(),
        LeastLoaded::with_seed(fixed(), 7).boxed(),
        PeakEwma::builder(fixed()).seed(7).build().boxed(),
        HotCold::builder(fixed()).seed(7).build().boxed(),
        ConsistentHash::ring(fixed()).boxed(),
        ConsistentHash::maglev(fixed()).bounded_load(1.25).boxed(),
        ConsistentHash::rendezvous(fixed()).boxed(),
    ]
}

/// A pick is of the first tier; one that has tried endpoints is of another, while one is left that has a share.
fn check(lb: &dyn LoadBalancer<Endpoint = ()>, tiers: &EndpointSet<()>, key: u64, tried: &Tried) {
    let request = PickRequest::new().with_key(key);
    if tiers.is_empty() {
        assert!(matches!(lb.pick(&request), Err(Error::NoEndpoints)), "an empty set has no endpoints");
        return;
    }
    let all: Vec<&EndpointSet<()>> = std::iter::successors(Some(tiers), |tier| tier.next_tier()).collect();
    let has_share = |tier: &EndpointSet<()>, index: usize| {
        let all_zero = tier.instances().all(|instance| instance.weight() == 0);
        all_zero || tier.instance(index).is_some_and(|instance| instance.weight() > 0)
    };
    let is_untried = |tier: &EndpointSet<()>, index: usize| {
        has_share(tier, index) && tier.id_at(index).is_some_and(|id| !tried.contains(id))
    };
    let is_left = all.iter().any(|tier| (0..tier.len()).any(|index| is_untried(tier, index)));
    for _ in 0..8 {
        let pick = lb.pick(&request).expect("the set has members");
        assert!(tiers.contains(pick.id()), "{} is not of the first tier", pick.address());
        let pick = lb.pick(&request.with_tried(tried)).expect("the set has members");
        assert!(all.iter().any(|tier| tier.contains(pick.id())), "{} is no member", pick.address());
        assert!(!is_left || !tried.contains(pick.id()), "{} was tried, and another is left", pick.address());
    }
}

#[cfg(test)]
mod tests {
    /// The seeds that the fuzzer starts from, and what it has found.
    #[test]
    fn what_the_fuzzer_has_met_holds() {
        let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/strategy_tables");
        let mut count = 0;
        for seed in std::fs::read_dir(seeds).expect("the seeds are in the repository") {
            super::tables(&std::fs::read(seed.expect("a seed").path()).expect("it can be read"));
            count += 1;
        }
        assert!(count > 3, "only {count} seeds");
    }
}
