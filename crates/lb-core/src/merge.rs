//! What a replace does to a set: two ordered lists are merged.

use std::sync::Arc;

use crate::Instance;
use crate::LOG;
use crate::member::Member;

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
            log::debug!(target: LOG, instance = address; "{address}: given twice in one replace, the first counts");
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

/// Merges the ordered `instances` into the ordered `members`: `make` gets every instance that is new or whose attributes
/// differ, with its old member, and leaves it out by returning `None`. The others keep their member.
pub(crate) fn merge<E>(
    members: &[Arc<Member<E>>],
    instances: Vec<Instance>,
    mut make: impl FnMut(Instance, Option<&Member<E>>) -> Option<Arc<Member<E>>>,
) -> Vec<Arc<Member<E>>> {
    let mut merged = Vec::with_capacity(instances.len());
    let mut old = members.iter().peekable();
    for instance in instances {
        while old.next_if(|member| member.instance().cmp_identity(&instance).is_lt()).is_some() {}
        match old.next_if(|member| member.instance().cmp_identity(&instance).is_eq()) {
            Some(member) if *member.instance() == instance => merged.push(Arc::clone(member)),
            known => merged.extend(make(instance, known.map(|member| &**member))),
        }
    }
    merged
}
