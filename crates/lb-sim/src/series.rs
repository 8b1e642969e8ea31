use std::time::Duration;

use crate::histogram::Histogram;
use crate::recorder::End;
use crate::time::float;

/// What happened when: the time from the start of a run to the end of what is measured, in 100 equal parts.
#[derive(Clone, Debug)]
pub struct Series {
    part: u64,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    sent: Vec<u32>,
    latencies: Histogram,
    begun: u64,
    unserved: u64,
}

impl Series {
    pub(crate) fn new(length: u64, parts: usize, servers: usize) -> Self {
        let empty = Part { sent: vec![0; servers], latencies: Histogram::new(), begun: 0, unserved: 0 };
        Self { part: length.div_ceil(parts as u64).max(1), parts: vec![empty; parts] }
    }

    pub(crate) fn sent(&mut self, now: u64, server: u32) {
        if let Some(part) = self.part_mut(now) {
            part.sent[server as usize] += 1;
        }
    }

    pub(crate) fn ended(&mut self, begun: u64, now: u64, end: End) {
        let Some(part) = self.part_mut(begun) else { return };
        part.begun += 1;
        part.unserved += u64::from(end != End::Succeeded);
        if end != End::Failed {
            part.latencies.add(now - begun);
        }
    }

    /// How many parts there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// When a part begins, counted from the start of the run.
    pub fn time(&self, part: usize) -> Duration {
        Duration::from_nanos(self.part.saturating_mul(part as u64))
    }

    /// The share of the attempts sent in a part that a server got, 0 to 1.
    pub fn share(&self, part: usize, server: usize) -> f64 {
        let Some(part) = self.parts.get(part) else { return 0.0 };
        let all: u64 = part.sent.iter().map(|sent| u64::from(*sent)).sum();
        let own = part.sent.get(server).copied().unwrap_or_default();
        f64::from(own) / float(all.max(1))
    }

    /// How long requests took that began in a part and have ended: as [`Report::latencies`](crate::Report::latencies).
    pub fn latencies(&self, part: usize) -> Option<&Histogram> {
        self.parts.get(part).map(|part| &part.latencies)
    }

    /// The share of the requests that began in a part which failed or timed out, 0 to 1.
    pub fn failure_share(&self, part: usize) -> f64 {
        self.parts.get(part).map_or(0.0, |part| float(part.unserved) / float(part.begun.max(1)))
    }

    fn part_mut(&mut self, time: u64) -> Option<&mut Part> {
        self.parts.get_mut(usize::try_from(time / self.part).ok()?)
    }
}
