use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

/// What happens at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The next request of an open loop.
    Arrives,
    /// A user of this client has thought.
    Thought { client: u32 },
    /// An attempt has reached its server.
    Reaches { attempt: u32 },
    /// A core has done the work of an attempt, unless that was rescheduled since.
    WorkDone { attempt: u32, token: u32 },
    /// The answer to an attempt has reached its client.
    Answered { attempt: u32 },
    /// The time of an attempt is over, if it is still the one of this generation.
    TimesOut { attempt: u32, generation: u32 },
    /// A request has waited before its next attempt.
    Wakes { request: u32 },
    /// A server's noise changes.
    Redraws { server: u32 },
    /// A server's faults change.
    Switches { server: u32 },
    /// A change of the registry reaches a view.
    Discovered { view: u32, server: u32, present: bool },
    /// Filters do what is due.
    Chores,
    /// What is measured begins, or ends.
    Measures,
}

/// The events to come, in the order of their times; of the same time in the order in which they were scheduled.
#[derive(Debug, Default)]
pub(crate) struct Events {
    heap: BinaryHeap<Entry>,
    /// Those that are always the same time ahead come in order: no heap is needed for them.
    lanes: [VecDeque<Entry>; 2],
    scheduled: u64,
    tokens: u32,
}

/// What is always the same time ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lane {
    Network,
    TimeOuts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    time: u64,
    number: u64,
    event: Event,
}

impl Events {
    pub(crate) fn at(&mut self, time: u64, event: Event) {
        let entry = self.entry(time, event);
        self.heap.push(entry);
    }

    /// The same for an event that mostly comes after all others of its lane; right in any case.
    pub(crate) fn in_lane(&mut self, lane: Lane, time: u64, event: Event) {
        let entry = self.entry(time, event);
        let lane = &mut self.lanes[lane as usize];
        if lane.back().is_none_or(|last| last.time <= time) {
            lane.push_back(entry);
        } else {
            self.heap.push(entry);
        }
    }

    /// The next event, and its time.
    pub(crate) fn next(&mut self) -> Option<(u64, Event)> {
        let of_heap = self.heap.peek().map(key);
        let [first, second] = &self.lanes;
        let (first, second) = (first.front().map(key), second.front().map(key));
        let earliest = [of_heap, first, second].into_iter().flatten().min()?;
        let entry = if Some(earliest) == of_heap {
            self.heap.pop()
        } else {
            self.lanes[usize::from(Some(earliest) == second)].pop_front()
        };
        entry.map(|entry| (entry.time, entry.event))
    }

    /// A number that no event has yet: tells what is scheduled anew from what was scheduled before. Begins again after
    /// 2³², when nothing of the first round is left.
    pub(crate) fn token(&mut self) -> u32 {
        self.tokens = self.tokens.wrapping_add(1);
        self.tokens
    }

    fn entry(&mut self, time: u64, event: Event) -> Entry {
        self.scheduled += 1;
        Entry { time, number: self.scheduled, event }
    }
}

fn key(entry: &Entry) -> (u64, u64) {
    (entry.time, entry.number)
}

impl Ord for Entry {
    /// The earliest is the greatest, as the heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        key(other).cmp(&key(self))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_by_time_and_then_as_they_were_scheduled() {
        let mut events = Events::default();
        let wakes = |request| Event::Wakes { request };
        events.at(5, wakes(1));
        events.in_lane(Lane::Network, 7, wakes(2));
        events.in_lane(Lane::Network, 5, wakes(3)); // out of its lane's order
        events.in_lane(Lane::TimeOuts, 5, wakes(4));
        events.at(7, wakes(5));
        events.at(1, wakes(6));
        let order: Vec<_> = std::iter::from_fn(|| events.next()).collect();
        let expected = [(1, 6), (5, 1), (5, 3), (5, 4), (7, 2), (7, 5)];
        assert_eq!(order, expected.map(|(time, request)| (time, wakes(request))));
    }
}
