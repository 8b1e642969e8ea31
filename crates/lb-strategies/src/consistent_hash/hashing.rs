//! What is hashed, and how: specified, so that every process and every version agrees.
//!
//! - A request's key: XXH64 with seed 0 of its 8 bytes, the lowest first.
//! - An endpoint: XXH64 with seed 0 of its name, the bytes of its address or of the metadata that the user names. A name
//!   that another endpoint of the set has too is made its own: a zero byte, its address, and, where it has a host, another
//!   zero byte and the host follow.
//! - Further numbers from a hash: the outputs of `SplitMix64` that start from it.

use std::collections::HashSet;

use lb_core::{EndpointSet, Instance};
use twox_hash::XxHash64;

use crate::split_mix::nth;

/// The hash of a request's key.
#[inline]
pub(super) fn of_key(key: u64) -> u64 {
    XxHash64::oneshot(0, &key.to_le_bytes())
}

/// The n-th further number from a hash, counted from 0.
#[inline]
pub(super) fn further(hash: u64, n: u64) -> u64 {
    nth(hash, n.wrapping_add(1))
}

/// The hash of each endpoint; `name` is the metadata that has its name.
pub(super) fn of_endpoints<E>(set: &EndpointSet<E>, name: Option<&str>) -> Box<[u64]> {
    let mut names = HashSet::with_capacity(set.len());
    let mut hashes = Vec::with_capacity(set.len());
    for instance in set.instances() {
        let own = name.and_then(|name| instance.metadata(name)).unwrap_or(instance.address());
        hashes.push(if names.insert(own) {
            XxHash64::oneshot(0, own.as_bytes())
        } else {
            of_shared_name(own, instance)
        });
    }
    hashes.into()
}

/// The hash of an endpoint whose name another has too.
fn of_shared_name(name: &str, instance: &Instance) -> u64 {
    let parts = [Some(name), Some(instance.address()), instance.host()];
    let full = parts.into_iter().flatten().collect::<Vec<_>>().join("\0");
    XxHash64::oneshot(0, full.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of XXH64's specification, section "Test vectors" of its reference implementation, and of this crate's own mapping.
    #[test]
    fn the_hashes_are_those_of_the_specification() {
        assert_eq!(XxHash64::oneshot(0, b""), 0xef46_db37_51d8_e999);
        assert_eq!(XxHash64::oneshot(0, b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(XxHash64::oneshot(0, b"abc"), 0x44bc_2cf5_ad77_0999);
        assert_eq!(of_key(0), XxHash64::oneshot(0, &[0; 8]));
        assert_eq!(of_key(0x0102), XxHash64::oneshot(0, &[2, 1, 0, 0, 0, 0, 0, 0]));
    }

    #[test]
    fn endpoints_of_one_name_have_hashes_of_their_own() {
        let named = |address: &str| (Instance::new(address).with_metadata("pod", "p"), ());
        let set = EndpointSet::new([named("a:80"), named("b:80"), (Instance::new("c:80"), ())]);
        let hashes = of_endpoints(&set, Some("pod"));
        assert_eq!(hashes[0], XxHash64::oneshot(0, b"p"));
        assert_eq!(hashes[1], XxHash64::oneshot(0, b"p\0b:80"));
        assert_eq!(hashes[2], XxHash64::oneshot(0, b"c:80"));
        assert_eq!(of_endpoints(&set, None)[0], XxHash64::oneshot(0, b"a:80"));
    }
}
