//! The DNS server, asked over plain sockets.

mod answers;
mod client;
mod lifecycle;
mod misbehaviour;
mod sizes;
