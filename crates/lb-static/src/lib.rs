//! Publishers of a list of instances that never changes.
//!
//! - [`StaticPublisher`]: instances known at start-up, their endpoints made by a factory.
//! - [`FixedPublisher`]: endpoints made beforehand.

mod fixed;
mod renewer;
mod static_publisher;

pub use fixed::FixedPublisher;
pub use static_publisher::StaticPublisher;
