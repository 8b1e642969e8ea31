use std::collections::BinaryHeap;

use super::hashing;
use crate::shares::Shares;
use crate::split_mix::below;

/// Maglev's table (D. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section
/// 3.4): each endpoint has a preferred order of all slots, and in turn they take the next one that is free.
///
/// By weight: an endpoint takes as many slots as its share says, one at least where it has one, spread over 64 rounds.
#[derive(Debug)]
pub(super) struct Maglev(Box<[u32]>);

/// The sizes of a table: primes, each about twice the one before. The first that has 13 slots an endpoint is taken.
const SIZES: [u32; 7] = [65_537, 131_071, 262_147, 524_309, 1_048_583, 2_097_169, 5_000_011];

const SLOTS_AN_ENDPOINT: usize = 13;

/// In so many rounds each endpoint takes its slots.
const ROUNDS: u64 = 64;

impl Maglev {
    pub(super) fn new(hashes: &[u64], shares: &Shares) -> Self {
        let wanted = hashes.len() * SLOTS_AN_ENDPOINT;
        let size = SIZES.into_iter().find(|size| *size as usize >= wanted).unwrap_or(SIZES[SIZES.len() - 1]);
        // In the order of the hashes: that of addresses changes where an endpoint has a name that it keeps.
        let mut by_hash: Vec<(u64, u32)> = hashes.iter().copied().zip(0..).collect();
        by_hash.sort_unstable();
        let mut orders: Vec<Order> = by_hash.iter().map(|(hash, _)| Order::new(*hash, size)).collect();
        let quotas =
            quotas(by_hash.iter().map(|(_, owner)| shares.weight(*owner as usize)), shares.total(), size);
        let mut slots = Slots::new(size);
        for round in 0..ROUNDS {
            for ((order, (_, owner)), quota) in orders.iter_mut().zip(&by_hash).zip(&quotas) {
                for _ in quota * round / ROUNDS..quota * (round + 1) / ROUNDS {
                    order.take_next_free(&mut slots, *owner);
                }
            }
        }
        Self(slots.owners.into())
    }

    #[inline]
    pub(super) fn slot(&self, at: u64) -> usize {
        below(at, self.0.len())
    }

    #[inline]
    pub(super) fn owner(&self, at: u64) -> usize {
        self.0[self.slot(at)] as usize
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The slots while they are taken. Most looks find a slot taken, so what is free stands apart, a bit for each slot: it fits
/// the nearest cache.
struct Slots {
    owners: Vec<u32>,
    taken: Vec<u64>,
}

impl Slots {
    fn new(size: u32) -> Self {
        let size = size as usize;
        Self { owners: vec![0; size], taken: vec![0; size.div_ceil(64)] }
    }

    /// Whether it was free.
    #[inline]
    fn take(&mut self, slot: usize, owner: u32) -> bool {
        let (word, bit) = (&mut self.taken[slot / 64], 1 << (slot % 64));
        if *word & bit != 0 {
            return false;
        }
        *word |= bit;
        self.owners[slot] = owner;
        true
    }
}

/// How many slots each endpoint gets: together all, and one at least where it has a share.
fn quotas(weights: impl Iterator<Item = u32> + Clone, total: u64, size: u32) -> Vec<u64> {
    let (mut before, mut given) = (0, 0);
    let share = |weight| {
        // What all up to here are due, less what those before were given.
        before += u128::from(weight);
        let due = u64::try_from(before * u128::from(size) / u128::from(total)).unwrap_or(u64::MAX) - given;
        given += due;
        due
    };
    let mut quotas: Vec<u64> = weights.clone().map(share).collect();
    let mut largest: BinaryHeap<_> = quotas.iter().copied().zip(0..).collect();
    for (index, weight) in weights.enumerate() {
        if quotas[index] == 0 && weight > 0 {
            quotas[index] = 1;
            let Some((most, of)) = largest.pop() else { break };
            quotas[of] = most - 1;
            largest.push((most - 1, of));
        }
    }
    quotas
}

/// The order in which an endpoint prefers the slots: from `next` on by steps of `skip`. Since the size is a prime, it comes
/// by each slot once.
struct Order {
    next: u32,
    skip: u32,
    size: u32,
}

impl Order {
    #[expect(clippy::cast_possible_truncation, reason = "below a size, which is a u32")]
    fn new(hash: u64, size: u32) -> Self {
        let next = below(hashing::further(hash, 0), size as usize) as u32;
        let skip = below(hashing::further(hash, 1), size as usize - 1) as u32 + 1;
        Self { next, skip, size }
    }

    fn take_next_free(&mut self, slots: &mut Slots, owner: u32) {
        loop {
            let slot = self.next as usize;
            let next = self.next + self.skip;
            self.next = if next >= self.size { next - self.size } else { next };
            if slots.take(slot, owner) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_an_owner_and_every_share_a_slot() {
        for weights in
            [vec![1], vec![1, 1, 1], vec![1, u32::MAX, 0, 1], vec![5; 10_000], vec![3, 0, 1_000_000]]
        {
            let shares = Shares::new(weights.clone().into());
            let hashes: Vec<u64> = (0..weights.len() as u64).map(|n| hashing::further(7, n)).collect();
            let table = Maglev::new(&hashes, &shares);
            let mut counts = vec![0_u64; weights.len()];
            table.0.iter().for_each(|owner| counts[*owner as usize] += 1);
            assert!(counts.iter().zip(&weights).all(|(count, weight)| (*count > 0) == (*weight > 0)));
            let (size, total) = (table.len() as u64, shares.total());
            for (count, index) in counts.iter().zip(0..) {
                let due = u128::from(size) * u128::from(shares.weight(index)) / u128::from(total);
                // One for each that is due less than one, from whoever has the most.
                let room = if due > 1000 { 2 } else { 1 };
                assert!(count.abs_diff(u64::try_from(due).unwrap()) <= room, "{count} slots, {due} are due");
            }
        }
    }

    #[test]
    fn the_sizes_are_primes() {
        for size in SIZES {
            assert!((2..size).take_while(|d| d * d <= size).all(|d| size % d > 0), "{size}");
        }
    }
}
