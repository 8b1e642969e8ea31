//! Questions and answers: what is asked, of whom, in what order, and what counts as an answer.

mod addresses;
mod exchange;
mod failure;
mod families_asked;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod message;
mod query;
mod race;
mod reply;
mod resolv_conf;
mod scope;
mod search;
mod servers;
mod silent_servers;
mod tcp;
mod udp;

pub(crate) use addresses::resolve_all;
pub(crate) use failure::Failure;
pub(crate) use families_asked::FamiliesAsked;
pub(crate) use reply::Found;
pub(crate) use resolv_conf::{ResolvConf, SystemConfig};
pub(crate) use search::Search;
pub(crate) use servers::{Memory, Servers};
