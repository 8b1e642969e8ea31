//! `DnsSrvPublisher` against servers that answer on real sockets.

mod answers;
mod arbitrary_bytes;
mod contract;
mod discovery;
mod empty_answers;
mod names;
mod raw_server;
mod refresh;
mod runtimes;
mod servers;
mod settings;
mod support;
mod targets;
