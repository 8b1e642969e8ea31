//! What happens, line by line while it happens.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Instant;

use loadbalancer::{Endpoints, Instance, RetryError};

use crate::client::{Attempt, Client};
use crate::screen::{Paint, Screen, percent, print, thousands};
use crate::strategy::Strategy;
use crate::tally::{self, Backend, Counts};
use crate::{CLIENTS, REQUESTS, ROW};

/// How many backends have a column of their own in the lines.
const COLUMNS: usize = 8;

/// How one request ended.
pub(crate) struct Outcome {
    /// Those that returned, in this order.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) lost: Option<RetryError<ureq::Error>>,
}

pub(crate) struct Report {
    screen: Screen,
    started: Instant,
    /// In the order in which they were first seen.
    backends: Vec<Backend>,
    /// The addresses of the set that is in use with their weights, and its id.
    members: BTreeMap<String, u32>,
    set_id: u64,
    /// How many columns the last heading has.
    columns: usize,
    finished: usize,
    lost: usize,
    lost_in_row: usize,
    /// Whether a request was saved by a retry, and that was shown.
    rescued: bool,
    slow: Option<Slow>,
}

/// The backend that is slow, and what had been sent, to it and in all, when it got slow.
struct Slow {
    index: usize,
    sent_before: usize,
    all_before: usize,
}

impl Report {
    #[expect(clippy::disallowed_methods, reason = "the program shows when things happen")]
    pub(crate) fn start(name: &str, servers: &[SocketAddr], strategy: Strategy) -> Self {
        let screen = Screen::stdout();
        let servers: Vec<_> = servers.iter().map(SocketAddr::to_string).collect();
        let asked = if servers.is_empty() { "the system's DNS".to_owned() } else { servers.join(", ") };
        print(&format!("{} at {asked}", screen.paint(Paint::Bold, name)));
        print(&format!("DnsSrvPublisher -> {} -> Retry", strategy.in_code()));
        print(&format!("{CLIENTS} clients send {} requests", thousands(REQUESTS)));
        print("");
        Self {
            screen,
            started: Instant::now(),
            backends: Vec::new(),
            members: BTreeMap::new(),
            set_id: 0,
            columns: 0,
            finished: 0,
            lost: 0,
            lost_in_row: 0,
            rescued: false,
            slow: None,
        }
    }

    /// Shows how the set differs from the one before, if it does.
    pub(crate) fn set(&mut self, set: &Endpoints<Client>) {
        if set.id() == self.set_id {
            return;
        }
        self.set_id = set.id();
        let mut instances: Vec<_> = set.instances().collect();
        instances.sort_by_key(|instance| instance.host());
        for instance in instances {
            self.introduce(instance);
        }
        let members: BTreeMap<_, _> =
            set.instances().map(|instance| (instance.address().to_owned(), instance.weight())).collect();
        let mut text = format!("{} endpoints:", members.len());
        for backend in &self.backends {
            match (self.members.get(&backend.address), members.get(&backend.address)) {
                (None, Some(1)) => text += &self.screen.paint(Paint::Green, &format!(" +{}", backend.label)),
                (None, Some(weight)) => {
                    let text_of = format!(" +{} (weight {weight})", backend.label);
                    text += &self.screen.paint(Paint::Green, &text_of);
                }
                (Some(_), None) => text += &self.screen.paint(Paint::Red, &format!(" -{}", backend.label)),
                _ => {}
            }
        }
        self.members = members;
        self.event("set", &text);
    }

    /// Shows something that happened.
    pub(crate) fn event(&self, what: &str, text: &str) {
        let what = self.screen.paint(Paint::Bold, &format!("{what:<5}"));
        print(&format!("{}  {what}  {text}", self.time()));
    }

    /// A backend gets slow: shows it, and from now on counts what it gets.
    pub(crate) fn slow(&mut self, label: &str, text: &str) {
        self.event("slow", &format!("{label} {text}"));
        let index = self.backends.iter().position(|backend| backend.label == label);
        self.slow = index.map(|index| Slow {
            index,
            sent_before: self.backends[index].total.requests,
            all_before: self.sent(),
        });
    }

    pub(crate) fn outcome(&mut self, outcome: Outcome) {
        self.finished += 1;
        let Some(error) = outcome.lost else {
            for (index, attempt) in outcome.attempts.iter().enumerate() {
                self.backend(&attempt.address).note(index, attempt.took, attempt.error.is_some());
            }
            self.show_first_rescue(&outcome.attempts);
            return;
        };
        if self.lost == 0 {
            self.event("LOST", &self.screen.paint(Paint::Red, &error.to_string()));
        }
        self.lost += 1;
        self.lost_in_row += 1;
        // Attempts that never returned could not note themselves; the error knows them all.
        for (index, attempt) in error.attempts().iter().enumerate() {
            if let Some(address) = attempt.address() {
                self.backend(address).note(index, attempt.elapsed(), true);
            }
        }
    }

    /// Shows what retry did for the first request that needed it.
    fn show_first_rescue(&mut self, attempts: &[Attempt]) {
        if self.rescued {
            return;
        }
        if let [Attempt { address, error: Some(error), .. }, .., last] = attempts {
            self.rescued = true;
            let (failed, answered) = (self.backend(address).label.clone(), &last.address);
            let answered = self.backend(answered).label.clone();
            self.event("retry", &format!("{failed} fails: {error}"));
            self.event("", &format!("{answered} answers instead, the caller never knows"));
        }
    }

    /// At the end of a row shows it, and returns its number.
    pub(crate) fn finished_row(&mut self) -> Option<usize> {
        if !self.finished.is_multiple_of(ROW) {
            return None;
        }
        self.heading();
        let mut cells = Vec::new();
        for backend in self.backends.iter().take(COLUMNS) {
            let answered = backend.row.answered();
            let absent = answered == 0 && !self.members.contains_key(&backend.address);
            cells.push(if absent { "-".to_owned() } else { thousands(answered) });
        }
        if self.backends.len() > COLUMNS {
            let others = self.backends[COLUMNS..].iter().map(|backend| backend.row.answered()).sum();
            cells.push(thousands(others));
        }
        let row: Counts = self.backends.iter().map(|backend| backend.row).sum();
        cells.extend([row.errors, row.retries, self.lost_in_row].map(thousands));
        self.columns_line(&self.time(), &thousands(ROW), &cells);
        self.backends.iter_mut().for_each(|backend| backend.row = Counts::default());
        self.lost_in_row = 0;
        Some(self.finished / ROW)
    }

    /// Shows the table and the result, and returns how many requests were lost.
    pub(crate) fn finish(&self) -> usize {
        let seconds = self.started.elapsed().as_secs_f64();
        print("");
        for line in tally::table(&self.backends) {
            print(&line);
        }
        let legend = "requests: attempts sent there; retries: after a failed one; times: of answers";
        print(&self.screen.paint(Paint::Dim, legend));
        print("");
        let lost = match self.lost {
            0 => self.screen.paint(Paint::Green, "none was lost"),
            lost => self.screen.paint(Paint::Red, &format!("{} LOST", thousands(lost))),
        };
        let all: Counts = self.backends.iter().map(|backend| backend.total).sum();
        let [finished, errors, retries] = [self.finished, all.errors, all.retries].map(thousands);
        print(&format!(
            "{finished} requests in {seconds:.1} s: {lost} ({errors} failed attempts, {retries} retries)"
        ));
        if let Some(slow) = &self.slow {
            self.show_share(slow);
        }
        self.lost
    }

    /// Shows how much of what was sent meanwhile a slow backend got, beside what it had to expect.
    fn show_share(&self, slow: &Slow) {
        let backend = &self.backends[slow.index];
        let got = percent(backend.total.requests - slow.sent_before, self.sent() - slow.all_before);
        let even = percent(1, self.members.len());
        let weights = self.members.values().map(|weight| *weight as usize).sum();
        let by_weight =
            percent(self.members.get(&backend.address).map_or(0, |weight| *weight as usize), weights);
        print(&format!(
            "{} was slow: {got} of the requests while it was (even is {even}, by weight {by_weight})",
            backend.label
        ));
    }

    /// Attempts in all.
    fn sent(&self) -> usize {
        self.backends.iter().map(|backend| backend.total.requests).sum()
    }

    /// Names the columns, whenever there are others than before.
    fn heading(&mut self) {
        if self.columns == self.backends.len() {
            return;
        }
        self.columns = self.backends.len();
        let mut cells: Vec<_> =
            self.backends.iter().take(COLUMNS).map(|backend| backend.label.clone()).collect();
        if self.columns > COLUMNS {
            cells.push("others".to_owned());
        }
        cells.extend(["errors", "retries", "lost"].map(str::to_owned));
        self.columns_line("", "requests", &cells);
    }

    fn columns_line(&self, time: &str, requests: &str, cells: &[String]) {
        let labels = self.backends.iter().take(COLUMNS).map(|backend| backend.label.len());
        let mut line = format!("{time:>7}  {requests:>8}");
        for (cell, width) in cells.iter().zip(labels.chain(std::iter::repeat(0))) {
            let _ = write!(line, "  {cell:>width$}", width = width.max(7));
        }
        print(&if time.is_empty() { self.screen.paint(Paint::Dim, &line) } else { line });
    }

    fn backend(&mut self, address: &str) -> &mut Backend {
        let index = self.introduce(&Instance::new(address));
        &mut self.backends[index]
    }

    /// Finds the backend, or adds it: under its host's first label, if that is still free, or else its address.
    fn introduce(&mut self, instance: &Instance) -> usize {
        let address = instance.address();
        if let Some(index) = self.backends.iter().position(|backend| backend.address == address) {
            return index;
        }
        let label = instance.host().and_then(|host| host.split('.').next()).unwrap_or(address);
        let taken = self.backends.iter().any(|backend| backend.label == label);
        self.backends.push(Backend::new(if taken { address } else { label }, address));
        self.backends.len() - 1
    }

    fn time(&self) -> String {
        format!("{:>5.1} s", self.started.elapsed().as_secs_f64())
    }
}
