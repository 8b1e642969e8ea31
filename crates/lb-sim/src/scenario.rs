use std::time::Duration;

use crate::clients::Clients;
use crate::error::Invalid;
use crate::fleet::Fleet;
use crate::report::Report;
use crate::strategy::Strategy;
use crate::world::World;

/// A fleet, its clients, and how long they are watched; ready to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(crate) fleet: Fleet,
    pub(crate) clients: Clients,
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// The settings of a [`Scenario`]; made by [`Scenario::builder`].
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is built"]
pub struct ScenarioBuilder(Scenario);

impl Scenario {
    /// A warm-up of 3 s, and 20 s that are measured, unless it is said otherwise.
    pub fn builder(fleet: Fleet, clients: Clients) -> ScenarioBuilder {
        let (warm_up, measured) = (Duration::from_secs(3), Duration::from_secs(20));
        ScenarioBuilder(Self { fleet, clients, warm_up, measured })
    }

    /// Runs it once. The same for a seed on every machine, and the same requests at the same times for all strategies.
    ///
    /// Measured are the requests that begin in the measured time, to their end: the run goes on, with the same traffic,
    /// until the last of them has ended. Cost: about 1 µs a request, on one thread.
    pub fn run(&self, strategy: &Strategy, seed: u64) -> Report {
        World::new(self, strategy, seed).run()
    }
}

impl ScenarioBuilder {
    /// How long it runs before anything is measured; may be zero.
    pub fn warm_up(mut self, warm_up: Duration) -> Self {
        self.0.warm_up = warm_up;
        self
    }

    /// How long requests are measured; longer than zero.
    pub fn measured(mut self, measured: Duration) -> Self {
        self.0.measured = measured;
        self
    }

    /// The scenario.
    ///
    /// # Errors
    ///
    /// The first number that is against its rule.
    pub fn build(self) -> Result<Scenario, Invalid> {
        let Self(scenario) = self;
        scenario.fleet.check()?;
        scenario.clients.check()?;
        if scenario.measured.is_zero() {
            return Err(Invalid::new("the measured time", "0s", "longer than zero"));
        }
        if scenario.warm_up + scenario.measured > LONGEST {
            let length = scenario.warm_up + scenario.measured;
            return Err(Invalid::new("the length of a run", format!("{length:?}"), "at most 100 days"));
        }
        Ok(scenario)
    }
}

/// 53 bits of nanoseconds.
const LONGEST: Duration = Duration::from_secs(100 * 24 * 3600);
