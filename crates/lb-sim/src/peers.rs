//! Other projects' balancers, in the same simulation: behind the feature `peers`.
//!
//! tower's read the clock of tokio, which is paused and moved on by the simulation; their generator is seeded. Of poise-core
//! there is what reads no clock: its peak EWMA reads the system's.

mod poise;
mod tower;

use crate::strategy::Strategy;

/// All that follow.
pub fn all() -> Vec<Strategy> {
    vec![tower_pending_requests(), tower_peak_ewma(), poise_two_choices(), poise_least_loaded()]
}

/// tower's `p2c::Balance` over `PendingRequests`.
pub fn tower_pending_requests() -> Strategy {
    Strategy::foreign("tower P2C, pending", |client| tower::pending_requests(client.seed()))
}

/// tower's `p2c::Balance` over `PeakEwma`, with its usual settings: 30 ms as the first estimate, a decay of 10 s.
pub fn tower_peak_ewma() -> Strategy {
    Strategy::foreign("tower P2C, peak EWMA", |client| tower::peak_ewma(client.seed()))
}

/// poise-core's `PowerOfTwoChoices` over `InFlight`.
pub fn poise_two_choices() -> Strategy {
    Strategy::foreign("poise P2C, in flight", |client| {
        poise::Poise::new(poise_core::policy::PowerOfTwoChoices::seeded(client.seed()))
    })
}

/// poise-core's `LeastLoaded` over `InFlight`: the least of all, the first where they are alike.
pub fn poise_least_loaded() -> Strategy {
    Strategy::foreign("poise least loaded", |_| poise::Poise::new(poise_core::policy::LeastLoaded::new()))
}
