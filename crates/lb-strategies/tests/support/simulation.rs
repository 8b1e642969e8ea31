//! A small world in virtual time: requests arrive at a steady rate, and end after a time that depends on their endpoint.

use std::collections::BTreeMap;
use std::time::Duration;

use lb_core::{Clock, LoadBalancer, Outcome, Pick};

/// Requests on their way, by when they end.
pub(crate) struct World {
    clock: Clock,
    under_way: BTreeMap<(u64, u64), (Pick<usize>, Outcome)>,
    begun: u64,
}

impl World {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, under_way: BTreeMap::new(), begun: 0 }
    }

    /// Has `requests` arrive, one `every` so often, and tells how many each of `len` endpoints got. `serves` says how long an
    /// endpoint takes, and what comes of it.
    pub(crate) fn run<L>(
        &mut self,
        lb: &L,
        len: usize,
        requests: u64,
        every: Duration,
        serves: impl Fn(usize) -> (Duration, Outcome),
    ) -> Vec<u64>
    where
        L: LoadBalancer<Endpoint = usize>,
    {
        let mut counts = vec![0; len];
        for _ in 0..requests {
            let pick = lb.endpoint().unwrap();
            counts[*pick] += 1;
            let (takes, outcome) = serves(*pick);
            self.begun += 1;
            let end = self.clock.nanos() + nanos(takes);
            self.under_way.insert((end, self.begun), (pick, outcome));
            self.go_on_until(self.clock.nanos() + nanos(every));
        }
        counts
    }

    /// Ends what ends before `then`, each at its time.
    pub(crate) fn go_on_until(&mut self, then: u64) {
        while let Some(next) = self.under_way.first_entry().filter(|next| next.key().0 <= then) {
            let (end, _) = *next.key();
            self.clock.advance(Duration::from_nanos(end - self.clock.nanos()));
            let (pick, outcome) = next.remove();
            pick.record(outcome);
        }
        self.clock.advance(Duration::from_nanos(then - self.clock.nanos()));
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap()
}
