//! What a change does to the members of a set: two ordered lists are merged.

use std::sync::Arc;

use crate::member::Member;
use crate::support::log_safely;
use crate::{Instance, LOG};

/// Orders by identity and leaves out what is given twice: the first counts.
pub(crate) fn in_order(instances: Vec<Instance>) -> Vec<Instance> {
    if instances.is_sorted_by(|a, b| a.cmp_identity(b).is_lt()) {
        return instances;
    }
    // Most comparisons are settled by the first bytes of the address, without following a pointer.
    let mut keyed: Vec<_> =
        instances.into_iter().map(|instance| (prefix(instance.address()), instance)).collect();
    keyed.sort_by(|(a, first), (b, second)| a.cmp(b).then_with(|| first.cmp_identity(second)));
    let mut ordered: Vec<Instance> = Vec::with_capacity(keyed.len());
    for (_, instance) in keyed {
        if ordered.last().is_some_and(|last| last.cmp_identity(&instance).is_eq()) {
            let address = instance.address();
            log_safely(|| {
                log::debug!(target: LOG, instance = address; "{address}: given twice in one replace, the first counts");
            });
        } else {
            ordered.push(instance);
        }
    }
    ordered
}

/// The first 16 bytes as a number that orders as the bytes do.
fn prefix(address: &str) -> u128 {
    let bytes = address.as_bytes();
    let mut first = [0; 16];
    let len = bytes.len().min(16);
    first[..len].copy_from_slice(&bytes[..len]);
    u128::from_be_bytes(first)
}

/// Whether `instances` are exactly those of `members`, attributes included.
pub(crate) fn unchanged<E>(members: &[Arc<Member<E>>], instances: &[Instance]) -> bool {
    members.len() == instances.len()
        && members.iter().zip(instances).all(|(member, instance)| member.instance() == instance)
}

/// Merges the ordered `instances` into the ordered `members`: `resolve` gets each instance with the member of its
/// identity, if there is one, and says which member stands for it.
pub(crate) fn merge<E>(
    members: &[Arc<Member<E>>],
    instances: Vec<Instance>,
    mut resolve: impl FnMut(Instance, Option<&Arc<Member<E>>>) -> Option<Arc<Member<E>>>,
) -> Vec<Arc<Member<E>>> {
    let mut merged = Vec::with_capacity(instances.len());
    let mut old = members.iter().peekable();
    for instance in instances {
        while old.next_if(|member| member.instance().cmp_identity(&instance).is_lt()).is_some() {}
        let known = old.next_if(|member| member.instance().cmp_identity(&instance).is_eq());
        merged.extend(resolve(instance, known));
    }
    merged
}

/// Puts the ordered `newer` among the ordered `members`; of two of one identity the newer stays.
pub(crate) fn join<E>(members: Vec<Arc<Member<E>>>, newer: Vec<Arc<Member<E>>>) -> Vec<Arc<Member<E>>> {
    let mut joined = Vec::with_capacity(members.len() + newer.len());
    let mut newer = newer.into_iter().peekable();
    for member in members {
        let comes_before = |one: &Arc<Member<E>>| one.instance().cmp_identity(member.instance()).is_lt();
        while let Some(one) = newer.next_if(comes_before) {
            joined.push(one);
        }
        let replaced = newer.peek().is_some_and(|one| one.instance().cmp_identity(member.instance()).is_eq());
        if !replaced {
            joined.push(member);
        }
    }
    joined.extend(newer);
    joined
}
