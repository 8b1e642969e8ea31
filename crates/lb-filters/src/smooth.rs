//! The split of traffic between tiers by their health, as Envoy has it ("Priority levels" and "Panic threshold" in its
//! documentation of load balancing).

use std::collections::BTreeMap;

use lb_core::EndpointSet;
use lb_core::support::log_safely;

use crate::LOG;

/// How much more than its share a healthy tier is taken to bear, in per cent: at 71 % it still bears all.
const OVERPROVISIONING: usize = 140;

/// Below this share of unmarked members the marks of a tier are ignored, unless the others bear the traffic.
const PANIC_THRESHOLD: usize = 50;

/// What one tier gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    priority: u16,
    /// Of the traffic. The shares of all tiers are 100 together.
    percent: usize,
    ignores_marks: bool,
}

/// One tier of a set, by the indices of its members.
struct Tier {
    priority: u16,
    members: Vec<usize>,
    unmarked: Vec<usize>,
}

/// The set to pick from, and what each tier gets of the traffic. A set that has next tiers stays as it is.
pub(crate) fn split<E>(set: &EndpointSet<E>) -> (EndpointSet<E>, Vec<Share>) {
    let tiers = tiers_of(set);
    if set.next_tier().is_some() || tiers.is_empty() {
        return (set.to_set(), Vec::new());
    }
    let shares = shares(&tiers);
    let used = |(tier, share): (&Tier, &Share)| {
        if share.ignores_marks { tier.members.clone() } else { tier.unmarked.clone() }
    };
    let with_share = || tiers.iter().zip(&shares).filter(|(_, share)| share.percent > 0);
    let without_share = tiers.iter().zip(&shares).filter(|(_, share)| share.percent == 0);
    let first = if with_share().count() == 1 {
        set.select(with_share().flat_map(used))
    } else {
        let weights = with_share().flat_map(|(tier, share)| scaled(set, used((tier, share)), share.percent));
        let weights: BTreeMap<usize, u32> = weights.collect();
        let in_order: Vec<u32> = weights.values().copied().collect();
        set.select(weights.into_keys()).with_weights(|index, _| in_order[index])
    };
    let rest =
        without_share.map(used).filter(|members| !members.is_empty()).map(|members| set.select(members));
    let rest = rest.rev().reduce(|next, tier| tier.or_else(next));
    (
        match rest {
            Some(rest) => first.or_else(rest),
            None => first,
        },
        shares,
    )
}

/// From the best on.
fn tiers_of<E>(set: &EndpointSet<E>) -> Vec<Tier> {
    let mut tiers: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    for (index, instance) in set.instances().enumerate() {
        tiers.entry(instance.priority()).or_default().push(index);
    }
    let tier = |(priority, members): (u16, Vec<usize>)| {
        let unmarked = members.iter().copied().filter(|index| set.is_healthy(*index)).collect();
        Tier { priority, members, unmarked }
    };
    tiers.into_iter().map(tier).collect()
}

/// Each tier takes what its health allows of what the better ones have left.
fn shares(tiers: &[Tier]) -> Vec<Share> {
    let health = |tier: &Tier| (OVERPROVISIONING * tier.unmarked.len() / tier.members.len()).min(100);
    let total = tiers.iter().map(health).sum::<usize>().min(100);
    let is_in_panic =
        |tier: &Tier| total < 100 && 100 * tier.unmarked.len() < PANIC_THRESHOLD * tier.members.len();
    let members: usize = tiers.iter().map(|tier| tier.members.len()).sum();
    let all_in_panic = tiers.iter().all(is_in_panic);
    let mut left = 100;
    let mut take = |tier: &Tier| {
        let wanted =
            if all_in_panic { 100 * tier.members.len() / members } else { 100 * health(tier) / total };
        let percent = wanted.min(left);
        left -= percent;
        Share { priority: tier.priority, percent, ignores_marks: is_in_panic(tier) }
    };
    let mut shares: Vec<_> = tiers.iter().map(&mut take).collect();
    // What rounding has left over is the best tier's.
    if let Some(first) = shares.iter_mut().find(|share| share.percent > 0) {
        first.percent += left;
    }
    shares
}

/// The weights of a tier's members, together `percent` of the range of weights.
fn scaled<E>(set: &EndpointSet<E>, members: Vec<usize>, percent: usize) -> Vec<(usize, u32)> {
    let weight = |index: &usize| set.instance(*index).map_or(0, |instance| u128::from(instance.weight()));
    let total: u128 = members.iter().map(weight).sum();
    let own = |index: &usize| if total == 0 { 1 } else { weight(index) };
    let total = if total == 0 { members.len() as u128 } else { total };
    let range = u128::from(u32::MAX) * percent as u128;
    let of = |index: usize| match own(&index) {
        0 => (index, 0),
        own => (index, u32::try_from(own * range / (total * 100)).unwrap_or(u32::MAX).max(1)),
    };
    members.into_iter().map(of).collect()
}

/// Logs that other tiers are picked from, or that marks are no longer, or again, ignored.
pub(crate) fn tell(service: Option<&str>, before: Option<&[Share]>, now: &[Share]) {
    let state = |shares: &[Share]| -> Vec<_> {
        let used = shares.iter().filter(|share| share.percent > 0);
        used.map(|share| (share.priority, share.ignores_marks)).collect()
    };
    let before = before.map(state).filter(|before| !before.is_empty());
    let ignores_marks = state(now).iter().any(|(_, ignores_marks)| *ignores_marks);
    let is_news = before.is_some() || ignores_marks;
    if now.is_empty() || !is_news || before == Some(state(now)) {
        return;
    }
    let name = service.unwrap_or("a service without a name");
    let used = now.iter().filter(|share| share.percent > 0).map(ToString::to_string);
    let used = used.collect::<Vec<_>>().join(", ");
    let level = if ignores_marks { log::Level::Warn } else { log::Level::Info };
    log_safely(|| log::log!(target: LOG, level, name; "{name}: the traffic is split between {used}"));
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "priority {} ({} %", self.priority, self.percent)?;
        f.write_str(if self.ignores_marks { ", too few are healthy: marks are ignored)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::{Tier, shares};

    /// In per cent, and whether marks are ignored.
    type Shares<'a> = &'a [(usize, bool)];

    /// Of each tier, so many of a hundred members are unmarked.
    fn percents(unmarked: &[usize]) -> Vec<(usize, bool)> {
        of_sizes(&unmarked.iter().map(|unmarked| (100, *unmarked)).collect::<Vec<_>>())
    }

    fn of_sizes(tiers: &[(usize, usize)]) -> Vec<(usize, bool)> {
        let tier = |(priority, (members, unmarked)): (u16, &(usize, usize))| Tier {
            priority,
            members: (0..*members).collect(),
            unmarked: (0..*unmarked).collect(),
        };
        let tiers: Vec<_> = (0..).zip(tiers).map(tier).collect();
        shares(&tiers).iter().map(|share| (share.percent, share.ignores_marks)).collect()
    }

    #[test]
    fn each_tier_takes_what_its_health_allows_of_what_the_better_ones_have_left() {
        // Healthy members of each tier in per cent → share of the traffic, and whether marks are ignored.
        let tables: [(&[usize], Shares<'_>); 13] = [
            (&[100, 100], &[(100, false), (0, false)]),
            (&[72, 100], &[(100, false), (0, false)]),
            (&[71, 100], &[(99, false), (1, false)]),
            (&[50, 100], &[(70, false), (30, false)]),
            (&[25, 100], &[(35, false), (65, false)]),
            (&[0, 100], &[(0, false), (100, false)]),
            (&[72, 72], &[(100, false), (0, false)]),
            (&[50, 50], &[(70, false), (30, false)]),
            (&[25, 25], &[(50, true), (50, true)]),
            (&[5, 65], &[(8, true), (92, false)]), // 7.1 and 92.9: what rounding leaves is the best tier's
            (&[100, 100, 100], &[(100, false), (0, false), (0, false)]),
            (&[25, 25, 100], &[(35, false), (35, false), (30, false)]),
            (&[25, 25, 20], &[(34, true), (33, true), (33, true)]),
        ];
        for (healthy, expected) in tables {
            assert_eq!(percents(healthy), expected, "{healthy:?}");
        }
    }

    #[test]
    fn when_all_tiers_have_too_few_the_traffic_is_split_by_their_size() {
        assert_eq!(of_sizes(&[(1, 0), (3, 0)]), [(25, true), (75, true)]);
        assert_eq!(of_sizes(&[(3, 0)]), [(100, true)]);
        assert_eq!(of_sizes(&[(1, 0), (1, 0), (1, 0)]), [(34, true), (33, true), (33, true)]);
    }

    #[test]
    fn whatever_the_health_the_shares_are_the_whole() {
        for a in 0..=7 {
            for b in 0..=7 {
                for c in 0..=7 {
                    let shares = of_sizes(&[(7, a), (7, b), (7, c)]);
                    let total: usize = shares.iter().map(|(percent, _)| percent).sum();
                    assert_eq!(total, 100, "{a}, {b} and {c} of 7: {shares:?}");
                    for ((percent, ignores_marks), unmarked) in shares.iter().zip([a, b, c]) {
                        assert!(*percent == 0 || *ignores_marks || unmarked > 0, "{shares:?}: to nobody");
                    }
                }
            }
        }
    }
}
