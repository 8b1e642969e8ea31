use std::collections::BTreeMap;

use crate::EndpointSet;

/// Which tier of a set is picked from: the best one that is well enough.
///
/// The members of one [priority](crate::Instance::priority) are a tier; the lower the value, the better. A tier is well
/// enough when it has an unmarked member and at least a threshold's share of its members is unmarked. The best of those is
/// chosen. As long as the one chosen before is well enough, a better one has to reach 10 % more (at most 100 %), so that a
/// tier at its threshold does not send the traffic back and forth. The other tiers follow in their order, for requests that
/// have tried all of the chosen one. Of each tier the unmarked members count alone.
///
/// When no tier reaches the threshold, marks are more likely wrong than right, and few endpoints cannot bear what all did:
/// then marks are ignored, from the best tier on. Envoy calls it the panic threshold and has it at 50 %
/// (`healthy_panic_threshold`). At 0 marks are always honoured: a set without an unmarked member is then empty.
///
/// For those who write a strategy or a filter over tiers; cost: one pass over the set.
///
/// ```
/// use lb_core::{EndpointSet, Instance, TierRule};
///
/// let at = |address, priority| (Instance::new(address).with_priority(priority), ());
/// let set = EndpointSet::new([at("a:80", 1), at("b:80", 1), at("c:80", 2)]);
/// let (tiers, choice) = TierRule::default().choose(&set.with_health(|index, _| index == 2), None);
/// assert_eq!(tiers.instance(0).unwrap().address(), "c:80");
/// let (tiers, choice) = TierRule::default().choose(&set.with_health(|_, _| false), Some(&choice));
/// assert!(choice.ignores_marks && tiers.len() == 2);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TierRule {
    threshold: u8,
}

/// What a [`TierRule`] chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierChoice {
    /// The priority of the chosen tier; 0 where the set is empty.
    pub priority: u16,
    /// How many members of the tier have no mark.
    pub unmarked: usize,
    /// How many members the tier has.
    pub members: usize,
    /// Whether marks are ignored because no tier reaches the threshold.
    pub ignores_marks: bool,
}

/// What a better tier than the chosen one has to reach beyond the threshold, in per cent of its members.
const MARGIN: u8 = 10;

impl Default for TierRule {
    /// A threshold of 50 %.
    fn default() -> Self {
        Self::new(50)
    }
}

impl TierRule {
    /// A rule with this threshold, in per cent of a tier's members; above 100 it counts as 100.
    pub fn new(percent: u8) -> Self {
        Self { threshold: percent.min(100) }
    }

    /// The tiers of `set` in the order in which they are to be picked from, each the next of the one before. A set that has
    /// [next tiers](EndpointSet::next_tier) already keeps them as they are. `before` is what was chosen of the set before.
    pub fn choose<E>(
        &self,
        set: &EndpointSet<E>,
        before: Option<&TierChoice>,
    ) -> (EndpointSet<E>, TierChoice) {
        let mut tiers: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (index, instance) in set.instances().enumerate() {
            tiers.entry(instance.priority()).or_default().push(index);
        }
        let is_unmarked = |index: &usize| set.is_healthy(*index);
        let unmarked = |members: &[usize]| members.iter().filter(|index| is_unmarked(index)).count();
        let reaches = |members: &[usize], percent: u8| {
            let unmarked = unmarked(members);
            unmarked > 0 && unmarked * 100 >= usize::from(percent) * members.len()
        };
        let is_still_well = |before: &&TierChoice| {
            !before.ignores_marks
                && tiers.get(&before.priority).is_some_and(|members| reaches(members, self.threshold))
        };
        // No margin where there is nothing to stay with.
        let stays = before.filter(is_still_well).map(|before| before.priority);
        let is_well = |(priority, members): &(&u16, &Vec<usize>)| {
            let is_return = stays.is_some_and(|before| before > **priority);
            reaches(members, if is_return { (self.threshold + MARGIN).min(100) } else { self.threshold })
        };
        let well = tiers.iter().find(is_well);
        let ignores_marks = well.is_none() && self.threshold > 0 && !tiers.is_empty();
        let chosen = well
            .or_else(|| tiers.first_key_value())
            .map(|(priority, members)| (*priority, members.as_slice()));
        let (priority, members) = chosen.unwrap_or_default();
        let choice =
            TierChoice { priority, unmarked: unmarked(members), members: members.len(), ignores_marks };
        if set.next_tier().is_some() || tiers.is_empty() {
            return (set.to_set(), choice);
        }
        let first = tiers.remove(&priority);
        let in_order = first.into_iter().chain(tiers.into_values());
        let is_wanted = |index: &usize| ignores_marks || is_unmarked(index);
        (chain(set, in_order.map(|members| members.into_iter().filter(is_wanted).collect())), choice)
    }
}

/// The tiers of these members of `set`, each what the one before goes on with; those without members are left out.
fn chain<E>(set: &EndpointSet<E>, tiers: impl DoubleEndedIterator<Item = Vec<usize>>) -> EndpointSet<E> {
    let tiers = tiers.filter(|members| !members.is_empty()).map(|members| set.select(members));
    // From the last to the first.
    let first = tiers.rev().reduce(|next, tier| tier.or_else(next));
    first.unwrap_or_else(|| set.select([]))
}
