//! The contract suites: what every publisher and every load balancer promises, as checks that are run over each.
//!
//! [`publisher_contract!`](crate::publisher_contract) and [`strategy_contract!`](crate::strategy_contract) make a module of
//! tests out of them; each check is a function too, to be run alone.

pub mod publisher;
#[doc(hidden)]
pub mod run;
mod spread;
mod stage;
pub mod strategy;
mod threads;
mod tiers;
mod weights;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use lb_core::Observer;

/// How long a check waits for what should come at once. Waited for only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// An observer that passes on that it was told.
struct Bell(Sender<()>);

impl Bell {
    fn new() -> (Arc<Self>, Receiver<()>) {
        let (sender, receiver) = channel();
        (Arc::new(Self(sender)), receiver)
    }
}

impl Observer for Bell {
    fn changed(&self) {
        // Whoever listened may have got what it wanted.
        let _ = self.0.send(());
    }
}

/// The rule that a check stands for: said, beside the assertion that failed, when the check panics.
struct Rule(&'static str);

impl Drop for Rule {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the rule that was broken: {}", self.0);
        }
    }
}
