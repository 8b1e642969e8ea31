use std::sync::Weak;

/// Adds one to a list, and forgets the dead whenever the list would grow: amortised constant, and no list is longer than
/// twice what ever lived at a time.
pub(crate) fn remember<T: ?Sized>(list: &mut Vec<Weak<T>>, one: Weak<T>) {
    if list.len() == list.capacity() {
        list.retain(|one| one.strong_count() > 0);
        list.reserve(list.len().max(4));
    }
    list.push(one);
}
