use lb_core::Instance;

use crate::error::{Invalid, positive};
use crate::fault::Fault;
use crate::noise::Noise;
use crate::time::float;

/// Names one server of a fleet, and is the endpoint that strategies pick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub(crate) u32);

impl ServerId {
    /// Its place in the fleet, counted from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A server: a number of cores that take requests from one queue, first in, first out.
///
/// ```
/// use lb_sim::{Fault, Server};
///
/// let old = Server::new(4).speed(0.5).weight(1);
/// let broken = Server::new(4).fault(Fault::slow(10.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a server is nothing without a fleet"]
pub struct Server {
    pub(crate) cores: u32,
    pub(crate) speed: f64,
    pub(crate) weight: u32,
    pub(crate) priority: u16,
    pub(crate) queue: Option<u32>,
    pub(crate) noise: Option<Noise>,
    pub(crate) faults: Vec<Fault>,
}

impl Server {
    /// With so many cores, 1 at least, of speed 1, weight 1 and a queue without a limit.
    pub fn new(cores: u32) -> Self {
        Self { cores, speed: 1.0, weight: 1, priority: 0, queue: None, noise: None, faults: Vec::new() }
    }

    /// How much work a core does in its time: above 0, 1 where nothing is said.
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// The weight that discovery gives it; 1 where nothing is said, whatever its speed and cores are.
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// The priority that discovery gives it; 0 where nothing is said.
    pub fn priority(mut self, priority: u16) -> Self {
        self.priority = priority;
        self
    }

    /// How many requests may wait; one more fails at once. Without a limit where nothing is said.
    pub fn queue(mut self, limit: u32) -> Self {
        self.queue = Some(limit);
        self
    }

    /// What changes its speed all the time.
    pub fn noise(mut self, noise: Noise) -> Self {
        self.noise = Some(noise);
        self
    }

    /// Adds what goes wrong with it. Of several at once the slow ones multiply.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// How much work it does in a time, in cores of speed 1, without noise and faults.
    pub(crate) fn capacity(&self) -> f64 {
        self.speed * float(u64::from(self.cores))
    }

    pub(crate) fn instance(&self, index: usize) -> Instance {
        let address = format!("server-{index:06}:80");
        Instance::new(address).with_weight(self.weight).with_priority(self.priority)
    }

    pub(crate) fn check(&self, whose: &str) -> Result<(), Invalid> {
        if self.cores == 0 {
            return Err(Invalid::plural(format!("the cores of {whose}"), 0, "at least 1"));
        }
        positive(format!("the speed of {whose}"), self.speed)?;
        if let Some(noise) = &self.noise {
            noise.check(whose)?;
        }
        self.faults.iter().try_for_each(|fault| fault.check(whose))
    }
}
