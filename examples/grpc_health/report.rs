//! What happens, as a table.

use std::time::Duration;

use crate::checks::{ATTEMPTS, Tally};
use crate::{CHECKS, NAMES};

const CLIENTS: [&str; 2] = ["Balance", "balance_channel"];

/// Of both clients, in the order of `CLIENTS`.
#[derive(Default)]
pub(crate) struct Report {
    failed: [usize; 2],
    named: [usize; 2],
    lost: [usize; 2],
    errors: [Option<String>; 2],
}

impl Report {
    pub(crate) fn start(service: &str) -> Self {
        println!("{service}; two clients send {CHECKS} checks in each phase, with up to {ATTEMPTS} attempts");
        println!(
            "  Balance          DnsSrvPublisher -> RoundRobin -> Balance, which passes over who failed lately"
        );
        println!("  balance_channel  what tonic has for this\n");
        println!("{:36}answered by         failed", "");
        let names = NAMES.map(|name| format!("{name:>7}")).concat();
        println!("{:32}{names}  attempts    named     lost", "");
        Self::default()
    }

    /// Shows a phase, and counts it.
    pub(crate) fn rows(&mut self, phase: &str, tallies: [Tally; 2]) {
        for (client, tally) in tallies.iter().enumerate() {
            let phase = if client == 0 { phase } else { "" };
            let answered = NAMES.map(|name| tally.answered.get(name).copied().unwrap_or_default());
            let answered = answered.map(|answered| format!("{answered:>7}")).concat();
            let Tally { failed, named, lost, .. } = tally;
            println!("{phase:<16}{:<16}{answered}{failed:>10}{named:>9}{lost:>9}", CLIENTS[client]);
        }
        self.count(tallies);
    }

    /// Counts what is shown in no row.
    pub(crate) fn count(&mut self, tallies: [Tally; 2]) {
        for (client, tally) in tallies.into_iter().enumerate() {
            self.failed[client] += tally.failed;
            self.named[client] += tally.named;
            self.lost[client] += tally.lost;
            self.errors[client] = tally.error.or(self.errors[client].take());
        }
    }

    /// Shows what came out, and returns whether it is what `Balance` promises.
    pub(crate) fn finish(self, waits: [Duration; 2]) -> bool {
        println!();
        for (client, name) in CLIENTS.into_iter().enumerate() {
            let error = self.errors[client].as_deref().unwrap_or("no error");
            println!("{name:<16} last error: {error}");
            let (failed, named, lost) = (self.failed[client], self.named[client], self.lost[client]);
            let wait = waits[client].as_millis();
            println!(
                "{:<16} {named} of {failed} errors name their server; green was used again after {wait} ms; {lost} lost",
                ""
            );
        }
        self.lost[0] == 0 && self.named[0] == self.failed[0]
    }
}
