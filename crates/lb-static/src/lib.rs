//! Publishers whose endpoints never change.
//!
//! - [`StaticPublisher`]: instances known at start-up, their endpoints made by a factory.
//! - [`FixedPublisher`]: endpoints made beforehand.

mod fixed;
mod static_publisher;

pub use fixed::FixedPublisher;
pub use static_publisher::StaticPublisher;
